"""What BuildKit leaves behind of a build: its progress, its history record, its provenance.

`progress`    status messages: lines of JSON (``--progress rawjson``), and the log of a history record
`opjson`      an operation as JSON, back in its bytes
`provenance`  a provenance predicate: request, definition and source map
`record`      a record of the build history
`naming`      what BuildKit calls the vertices of a definition that was stored without their names
"""
