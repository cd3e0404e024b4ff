"""Where the program begins. Ctrl-C ends it without a traceback, also while it is loading."""

# What the module signal is made of: signal itself takes so long to load that it may be interrupted.
import _signal  # type: ignore[import-not-found]
import os


def _end(number: int, frame: object) -> None:
    """End at once: nothing was started yet."""
    os.write(2, b"layerfork: interrupted\n")
    os._exit(130)


_HEEDED = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
if _HEEDED:  # what is ignored stays so
    _signal.signal(_signal.SIGINT, _end)


def main() -> None:
    """Load the command line and run it."""
    from layerfork.cli import main as run  # late: start-up

    try:
        if _HEEDED:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
        run()
    except KeyboardInterrupt:
        _end(_signal.SIGINT, None)


if __name__ == "__main__":
    main()
