"""The whole program as a few functions: run the experiment, record, compare, render.

`experiment`   `layerfork run`
`recording`    `layerfork record`
`explaining`   `layerfork why`, with the earlier builds of `baseline`
`comparison`   `layerfork show` and `diff`, with the builds of `pairing` side by side
`judging`      builds of one relay, measured or read from files, judged
`engines`      `layerfork engines`
`clients`      `layerfork clients`
`preparation`  `layerfork setup`

Import from the modules: a command that needs no engine then loads none of what engines need.
"""
