"""What several formats show: runs at a glance, fields that clients sent, scenarios, gates, upgrades, and their words."""
