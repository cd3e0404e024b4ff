"""The nouns: frozen values that every other package speaks in. No I/O, no third-party package.

`build`     what a person wants built, and the command that a client runs for it
`engine`    what executes builds: kind, version, builder, image store
`context`   build context entries with every attribute that a builder may hash
`record`    BuildRecord: facts about one build, as the wire showed them
`kind`      which builds are the same build, made again
`llb`       BuildKit's definition of a build, as its frontend returned it
`cachekey`  a step's cache key with the named parts that it is made from
`judgement` forks, causes, classes: what `explain` says about records
`report`    one run of the experiment: records and judgements together
"""
