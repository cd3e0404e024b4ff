"""Program: runs a command in the namespaces of an engine, and in its cgroup.

    main([NAME, KIND=FILE..., "--", PROGRAM, ARGUMENT...])

NAME is the engine's cgroup; each KIND (mnt, net, pid, ipc, uts) is entered through the namespace's FILE.
The working directory stays the same path, if the engine has it. The command ends with the engine, with
this program, and with the signals that this program gets. Its exit code is this program's.

It is part of every build, so it imports little: neither the package nor `pathlib`.
"""

# ruff: noqa: PTH109

import ctypes
import os
import signal
import sys

from keeper import join_cgroups  # type: ignore[import-not-found]  # a sibling: see PROGRAM in namespaces.py

PR_SET_PDEATHSIG = 1
PASSED_ON = (signal.SIGTERM, signal.SIGHUP)
FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
"""They reach the command as well."""

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> int:
    """Run the command; 127 when it cannot be run there."""
    end = arguments.index("--")
    name, files, command = arguments[0], arguments[1:end], arguments[end + 1 :]
    directory = os.getcwd()
    try:
        # The mount namespace comes last: before it the others' files are still in sight.
        for descriptor in [os.open(file.partition("=")[2], os.O_RDONLY) for file in files]:
            if _libc.setns(descriptor, 0) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            os.close(descriptor)
    except OSError as error:
        sys.stderr.write(f"the engine is gone: {error.strerror}\n")
        return 127
    child = os.fork()  # only children are in the new pid namespace
    if child == 0:
        _become(name, directory, command)
    for number in FROM_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: os.kill(child, number))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if status >= 0 else 128 - status


def _become(name: str, directory: str, command: list[str]) -> None:
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it
        os.chdir(directory if os.path.isdir(directory) else "/")  # noqa: PTH112
        join_cgroups(name)
        os.execv(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
    finally:
        os._exit(127)
