"""What several formats show: runs at a glance, fields of contexts, scenarios, gates, upgrades, and words."""
