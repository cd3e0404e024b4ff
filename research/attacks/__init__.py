"""The attack: kills, broken input, planted secrets and hostile engines, in numbers."""
