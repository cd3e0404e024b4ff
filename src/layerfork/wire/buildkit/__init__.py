"""BuildKit on the wire: connections in, finished builds out.

`watcher`        taps every connection of a recorder and puts builds together
`calls`          the calls of one connection, also of one through ``docker exec``
`control`        what is read from calls of the control service and of the frontend bridge
`session`        what is read from calls of a session: directory transfers, uploads, secrets
`observed`       the facts of sessions and builds so far
`buildkitbuild`  a finished build as the parts of a BuildRecord, from the modules below
`request`        what the client asked for
`contexts`       contexts with their entries
`definition`     the LLB; `sourcemap` says where its operations come from
`vertices`       states and names of vertices; `stages` and `placing` find their instructions
`steps`          the steps that vertices make up
`fields`         text fields of messages; the messages are `control_pb2` and `ops_pb2`, see PROTOBUF.md
"""
