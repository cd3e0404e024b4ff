"""What to do about forks, as changes: of a record, to say what they would bring; of files, to make them.

`remedy_of`   of an answer what can be edited or run; answers already say it, this decides how it is tried
`chosen_points`  the points of an answer that it treats
`again_of`    what has to happen once more for the build to miss as it did
`textedit`    edits made in a file's bytes
"""

from layerfork.hypothesis.remedies.again import again_of
from layerfork.hypothesis.remedies.remedy import chosen_points, remedy_of

__all__ = ["again_of", "chosen_points", "remedy_of"]
