"""What BuildKit keeps of a finished build: progress, history record, provenance.

`historyrecord`  a record of the build history, and the status messages stored with it
`provenance`     a provenance predicate: request, definition and source map
`vertexnames`    what BuildKit calls the vertices of a definition that was stored without their names
`historybuild`   the parts of a BuildRecord, made of all this
"""
