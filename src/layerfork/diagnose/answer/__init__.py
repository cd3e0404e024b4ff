"""Forks as answers: place, culprit, cost, one fix.

`answer_fork`   the answer to one fork between two builds
`answer_added`  the answer to a warning about steps that only one build was asked for
`scene`         what it is made of; `phrases`, `fixes`, `patterns` are tables by cause and family
"""
