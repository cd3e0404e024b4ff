"""What is known of a wrapped command's build besides what passed: where it was asked for, files, images."""

from collections.abc import Sequence
from dataclasses import replace

from layerfork.builders.client.buildplace import find_place
from layerfork.builders.client.contextplaces import find_places, likely_directories
from layerfork.builders.client.droppedimports import add_dropped_imports
from layerfork.builders.client.namedplaces import add_named_places
from layerfork.builders.client.process import ClientProcess
from layerfork.builders.client.projects import Projects
from layerfork.builders.disk.contextmemory import recall
from layerfork.builders.disk.digests import fill_from_disk
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.builders.recording.quietsteps import add_quiet_steps
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.record import BuildRecord
from layerfork.userdirs import cache_directory


def recalled(
    manifest: ContextManifest, recorder: Recorder, command: ClientProcess
) -> Sequence[ContextEntry] | None:
    """Entries of a context of the command that is known to be what it was; None for others."""
    likely = likely_directories(manifest, (command, *recorder.clients))
    return recall(cache_directory(), likely, manifest)


def with_facts(
    record: BuildRecord, recorder: Recorder, command: ClientProcess, projects: Projects
) -> BuildRecord:
    """A build of the command with all of that."""
    processes = (command, *recorder.clients)
    place = find_place(record, processes, projects, projects.environment, recorder.clean)
    record = replace(record, place=replace(place, ran_in=recorder.clean(str(command.directory))))
    record = add_named_places(record, processes, projects, recorder.clean)
    record = add_dropped_imports(record, processes, projects, recorder.clean)
    record = fill_from_disk(record, lambda manifest: find_places(manifest, processes), cache_directory())
    if record.engine is not None and record.engine.buildkit_version:
        return add_quiet_steps(record)  # a BuildKit of its own: what the engine has is not what it built on
    reference = record.request.tags[0] if record.request.tags else ""
    record = add_image_facts(record, recorder.image_facts, reference)
    return add_quiet_steps(add_base_facts(record, recorder.image_facts))
