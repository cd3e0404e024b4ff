"""The whole program as a few functions: run the experiment, record, compare, render.

`run`       `layerfork run` and `report`; `scenarios` builds and judges cells, `upgrade` compares two runs
`records`   `layerfork record`, `import`, `show` and `records`
`compare`   `layerfork diff`: two records side by side, and the answers to their forks
`why`       `layerfork why`, with the earlier builds that it compares with
`check`     `layerfork check`
`predict`   `layerfork predict`
`fix`       `layerfork fix`
`context`   `layerfork pack`
`machine`   `layerfork engines`, `clients`, `doctor`, `setup` and `plugin`
`programs`  the functions of ``import layerfork``

Import from the modules: a command that needs no engine then loads none of what engines need.
"""
