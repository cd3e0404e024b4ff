"""BuildKit on the wire: connections in, finished builds out.

`watcher`    taps every connection of a recorder and puts builds together
`backlog`    puts decoding off while a build is busy
`connection` the calls of one connection; a session inside a call; `execattach`: a builder in a container
`control`, `filesync`, `upload`, `guarded`  what is taken from each call
`observed`   the facts of sessions and builds so far
`parts`      a finished build as the parts of a BuildRecord, from `request`, `llb`, `contexts`,
             `vertices`, `steps` and `result`
`trace`      the same for a build that was asked for by ``POST /build``
"""
