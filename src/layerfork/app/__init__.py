"""One module or folder for each question that a person asks; `cli` calls nothing below it.

`recording`   `layerfork record`
`records`     `layerfork show`, `records` and `import`
`compare`     `layerfork diff`: two builds side by side; the earlier builds that `why` compares with
`why`         `layerfork why`
`check`       `layerfork check`
`predict`     `layerfork predict`
`fix`         `layerfork fix`
`lint`        `layerfork lint`
`pack`        `layerfork pack`; `packcheck` is `pack --check`
`cache`       `layerfork cache`
`explain`     `layerfork explain`
`experiment`  `layerfork run`, `report`, `scenarios` and `merge`
`machine`     `layerfork engines`, `clients`, `doctor` and `setup`; `dockerplugin` is `layerfork plugin`
`completion`  names that the shell completes
`pythonapi`   the functions of ``import layerfork``

Import from the modules: a command that needs no engine then loads none of what engines need.
"""
