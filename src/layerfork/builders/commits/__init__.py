"""Commits of a git repository, read from its objects: nothing is checked out.

`git`        runs the ``git`` program
`commitlist` the commits of a range, with their times
`objects`    trees and blobs; SHA-256 of blobs, remembered by the blobs' ids
`checkout`   a commit as a client would send a fresh checkout of it
"""
