"""The nouns: frozen values that every other package uses. No I/O, no third-party package.

`build`            what a person wants built, and the command that a client runs for it
`engine`           what executes builds: kind, version, images
`context`          build context entries, with every attribute that a builder may hash
`llb`              BuildKit's definition of a build, as its frontend returned it
`record`           BuildRecord: facts about one build, and what makes two builds the same build
`cachekey`         a step's cache key, with the named parts that it is made from
`exportedcache`    a cache that BuildKit exported
`cause`            cause codes
`answer`           what a comparison says: forks, causes, verdict, answer
`change`           what could have been different in a build
`prediction`       what a build would find in the cache
`fixing`           what `fix` proposes
`check`, `lint`    what these commands found
`scenario`         what an experiment builds and expects; `run` and `scenarioresults` hold the results
`machine`          engines, clients, kept builds, health and settings of a machine
`gopath`, `secrets`, `visible`  rules about paths, names and text that several rooms share
"""
