"""What cause rules are made of: a claim, and the forms that many rules share."""
