"""A disk that fails under the release binary: no false 200, reads go on, and a restart has all that was accepted.

What fails, and when, is said by support/faults.c, which lies over the calls that change files. It works wherever the
tests do, in a container without ptrace too, and can be switched while the server runs."""

import random
import resource
import signal

import pytest

from support.server import AUTHORIZED, OCTETS, free_port
from support.waiting import until
from support.wire import Wire

SEED = random.randrange(2**32)


@pytest.fixture
def faulty(start, faults):
    """Starts servers whose disk can fail, with their operators' listener on."""
    def begin(*options, **settings):
        port = free_port()
        server = start("--admin", f"127.0.0.1:{port}", *options, **faults.environment, **settings)
        server.admin_port = port
        assert faults.call_count > 0, "the faults are not in place"
        return server
    return begin


def readiness(server):
    with Wire(("127.0.0.1", server.admin_port), None, plain=True) as wire:
        return wire.ask("GET", "/readyz").status


def warmed_up(crowd, server):
    """All clients have been answered, and frames have been sealed, while the disk was sound."""
    crowd.begin(server)
    until(lambda: len(crowd.witness.frames) >= 2 and all(ledger.accepted_count >= 3 for ledger in crowd.ledgers),
          "every client's first answers")
    crowd.check_undisturbed()


def check_reads_go_on(server, witness):
    """Without a new frame: those there are, the index, and what a supervisor asks."""
    witness.check_content(server)
    assert set(witness.frames) <= {int(entry["id"]) for entry in server.index()}
    assert server.get("/healthz").status == 200


def check_all_after_restart(start, server, crowd):
    """On a sound disk: whatever was accepted is there once, in order; what was refused is nowhere."""
    again = start(directory=server.directory)
    crowd.witness.catch_up(again)
    crowd.witness.check_index(again)
    crowd.witness.check_content(again)
    # And it goes on.
    crowd.begin(again)
    counts = [ledger.accepted_count for ledger in crowd.ledgers]
    until(lambda: all(ledger.accepted_count > count for ledger, count in zip(crowd.ledgers, counts)), "new items")
    crowd.end()
    crowd.witness.catch_up(again)


# What fails of the log's writing: the sync, the write, the write of which half is done already; and for how often: the
# one time, after which the disk takes zeros in place of the commit, or from then on.
LOG_FAULTS = {
    "sync": ("fdatasync", "fail"),
    "sync that was done": ("fdatasync", "fail after"),
    "write": ("pwritev", "fail"),
    "half a write": ("pwritev", "fail after"),
}


@pytest.mark.parametrize("times", [1, -1], ids=["once", "for good"])
@pytest.mark.parametrize("fault", LOG_FAULTS)
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_an_io_error_closes_the_log_and_a_restart_opens_it(faulty, start, faults, fault, times, ending, crowds):
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    server = faulty()
    assert readiness(server) == 200
    warmed_up(crowd, server)
    call, action = LOG_FAULTS[fault]
    rule = faults.begin(call, action, path="/log/", times=times)
    if times < 0:
        # A log whose commit can't be taken back either: nobody can tell what is on the disk.
        faults.begin("pwrite", action, path="/log/")
    # Each client is refused now. Who was in the commit that failed may have been cut off without an answer.
    until(lambda: all(client.refusals for client in crowd.clients), "refusals")
    crowd.end()
    assert rule.struck >= 1
    for client in crowd.clients:
        assert {response.status for response in client.refusals} == {503}, client.refusals[:3]
        assert {response.problem_name() for response in client.refusals} == {"unavailable"}
        assert len(client.breaks) <= 1, client.breaks
    if times == 1:
        # It was taken back, so it could be said.
        assert not any(client.breaks for client in crowd.clients), [(c.channel, c.breaks) for c in crowd.clients]
    assert readiness(server) == 503
    check_reads_go_on(server, crowd.witness)
    # Not even a disk that is well again makes it pretend: what was in doubt is settled by a restart.
    faults.end()
    assert server.post("late", b"1").status == 503
    assert "fdatasync" in server.log_text() or "pwritev" in server.log_text()
    server.signal(ending)
    server.wait()
    check_all_after_restart(start, server, crowd)


@pytest.mark.parametrize("call,error", [
    ("fdatasync", "ENOSPC"), ("pwritev", "ENOSPC"), ("pwritev", "EDQUOT"),
], ids=["sync", "write", "quota"])
def test_a_full_disk_is_507_until_there_is_room(faulty, start, faults, call, error, crowds):
    """Some file systems tell of a full disk only when they write or sync what was set aside."""
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    server = faulty()
    warmed_up(crowd, server)
    # Once per commit: that it can't be stored is said, and it is overwritten.
    faults.begin(call, path="/log/", error=error, times=1)
    until(lambda: any(client.refusals for client in crowd.clients), "a refusal")
    until(lambda: readiness(server) == 200, "readiness, with room again")
    faults.end()
    counts = [ledger.accepted_count for ledger in crowd.ledgers]
    until(lambda: all(ledger.accepted_count > count for ledger, count in zip(crowd.ledgers, counts)), "new items")
    crowd.end()
    for client in crowd.clients:
        assert {response.status for response in client.refusals} <= {507}, client.refusals[:3]
        assert not client.breaks, client.breaks
    crowd.witness.catch_up(server)
    check_reads_go_on(server, crowd.witness)
    assert server.stop() == 0
    check_all_after_restart(start, server, crowd)


def test_a_limit_on_file_sizes_ends_nothing_but_the_posts(faulty, start, crowds):
    """The kernel cuts the write that crosses the limit short, and fails the next with EFBIG: no signal may end reads."""
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    server = faulty()
    warmed_up(crowd, server)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4 << 10, resource.RLIM_INFINITY))
    until(lambda: all(client.refusals for client in crowd.clients), "refusals")
    crowd.end()
    assert {response.status for client in crowd.clients for response in client.refusals} == {503}
    check_reads_go_on(server, crowd.witness)
    assert server.stop() == 0
    check_all_after_restart(start, server, crowd)


def test_short_writes_are_gone_on_with(faulty, start, faults, crowds):
    """write(2) may take a part: nobody hears of it, and everything is whole."""
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    rules = [faults.begin(call, "short", path="/data") for call in ("pwrite", "pwritev", "pread")]
    server = faulty()
    warmed_up(crowd, server)
    until(lambda: len(crowd.witness.frames) >= 6, "some frames more")
    crowd.kill()
    crowd.check_undisturbed()
    assert all(rule.struck > 10 for rule in rules[:2])
    # The start reads the log in many pieces then.
    again = faulty(directory=server.directory)
    assert rules[2].struck > 10
    again.kill()
    faults.end()
    check_all_after_restart(start, server, crowd)


@pytest.mark.parametrize("call,error", [
    ("open", "EIO"), ("pwrite", "EIO"), ("fdatasync", "EIO"), ("rename", "EIO"), ("fsync", "EIO"), ("pwrite", "ENOSPC")])
def test_a_frame_that_cannot_be_stored_is_stored_later(faulty, start, faults, call, error, crowds):
    """Posts go on meanwhile, since the log has the items; and when the disk takes frames again, none is missing."""
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    server = faulty()
    warmed_up(crowd, server)
    rule = faults.begin(call, path="/frames", error=error)
    until(lambda: "could not be stored" in server.log_text(), "a frame that fails")
    newest = int(server.index()[0]["id"])
    counts = [ledger.accepted_count for ledger in crowd.ledgers]
    until(lambda: all(ledger.accepted_count > count + 50 for ledger, count in zip(crowd.ledgers, counts)), "new items")
    assert rule.struck and int(server.index()[0]["id"]) == newest
    check_reads_go_on(server, crowd.witness)
    faults.end()
    until(lambda: crowd.witness.newest > newest, "the frames that waited")
    crowd.end()
    crowd.check_undisturbed()
    crowd.witness.catch_up(server)
    server.kill()
    check_all_after_restart(start, server, crowd)


def test_old_frames_go_also_while_new_ones_cannot_be_stored(faulty, faults):
    """A disk too full for the next frame: what retention removes is what makes the room."""
    server = faulty("--retain-age", "3s")
    first = until(server.index, "a frame")[0]["id"]
    # The note of what was removed is a small file, for which there is room.
    faults.begin("open", path="/frames/1", error="ENOSPC")
    until(lambda: "could not be stored" in server.log_text(), "a frame that fails")
    until(lambda: server.get(f"/{first}").status == 410, "the removal of the first frame")


def test_a_gzip_form_that_cannot_be_made_is_done_without(faulty, faults):
    faults.begin("fdatasync", path=".gz.tmp")
    server = faulty()
    frame_id = server.post("a", b"x" * 50_000).json()["frame"]
    server.frame_octets(frame_id)
    until(lambda: "gzip form could not be made" in server.log_text(), "the error in the log")
    answer = server.get(f"/{frame_id}", Accept_Encoding="gzip")
    assert (answer.status, answer.get("content-encoding")) == (200, None)
    assert "could not be stored" not in server.log_text()
    faults.end()
    frame_id = server.post("a", b"x" * 50_000).json()["frame"]
    server.frame_octets(frame_id)
    until(lambda: server.get(f"/{frame_id}", Accept_Encoding="gzip").get("content-encoding"), "a gzip form again")


def test_a_kill_while_frames_cannot_be_stored(faulty, start, faults, crowds):
    """Their items are in the log alone then, and in sealed windows: the next start stores them."""
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    server = faulty()
    warmed_up(crowd, server)
    faults.begin("fdatasync", path="/frames")
    newest = crowd.witness.newest
    until(lambda: all(ledger.unseen and int(ledger.unseen[-1].frame) > newest + 600 for ledger in crowd.ledgers),
          "windows that end and give no frame")
    crowd.kill()
    crowd.check_undisturbed()
    faults.end()
    check_all_after_restart(start, server, crowd)


@pytest.mark.parametrize("call,error,status", [
    ("open", "EMFILE", 507), ("pwrite", "ENOSPC", 507), ("rename", "ENOSPC", 507), ("fsync", "EIO", 503)])
def test_posts_go_on_until_the_log_needs_the_segment_that_cannot_be_made(faulty, start, faults, call, error, status):
    """What is made in advance is no reason to refuse anything. When it is needed, a full disk is waited for, and any
    other error closes the log; either way nothing that was accepted suffers."""
    server = faulty()
    assert server.post("a", b"0").status == 200
    # A segment is filled under another name: what is written to the current one goes well.
    path = "/log/blank" if call in ("open", "pwrite", "rename") else "/log"
    rule = faults.begin(call, path=path, error=error)
    accepted, filling = [b"0"], random.Random(SEED)

    def post():
        body = filling.randbytes(15 << 20)
        answer = server.post("a", body)
        if answer.status == 200:
            accepted.append(body)
            return None
        return answer

    assert until(post, "the end of the segment").status == status
    assert rule.struck and len(accepted) >= 4
    assert server.log_text().count("no log segment could be made") <= 1, "said again and again"
    faults.end()
    if status == 507:
        until(lambda: server.post("a", b"after").status == 200, "room again")
        accepted.append(b"after")
    server.kill()
    again = start(directory=server.directory)
    last = again.post("b", b"last").json()["frame"]
    again.frame_octets(last)
    assert [item.data for frame in again.all_frames() for item in frame.items("a")] == accepted


@pytest.mark.parametrize("call,path", [
    ("pread", "/log"), ("open", "/log"), ("pwrite", "/log"), ("fdatasync", "/log"), ("unlink", "/log"),
    ("open", "/frames"), ("fdatasync", "/frames"), ("unlink", "/frames")])
def test_a_start_that_meets_an_io_error_loses_nothing(faulty, start, faults, call, path, crowds):
    """It may say in its last line what failed and end, or serve what there is; but it takes nothing that it can't read
    for something that isn't there. The start after it, on a sound disk, has everything."""
    print(f"seed {SEED}")
    crowd = crowds(SEED)
    server = faulty()
    # A kill in the middle of sealing leaves something to be done and to be removed.
    warmed_up(crowd, server)
    faults.begin("rename", "kill before", path="/frames", times=1)
    crowd.visit.is_ending.set()
    server.process.wait(30)
    crowd.kill()
    faults.end()
    rule = faults.begin(call, path=path)
    failing = start(directory=server.directory, waits=False, **faults.environment)
    until(lambda: failing.output or failing.process.poll() is not None, "a start or its end")
    if failing.process.poll() is None:
        failing.wait_for_line()
        until(lambda: rule.struck, "the error")
        check_reads_go_on(failing, crowd.witness)
    else:
        assert failing.process.returncode == 1
        last_line = failing.log_text().strip().splitlines()[-1]
        assert "Input/output error" in last_line and path in last_line, last_line
    failing.kill()
    faults.end()
    check_all_after_restart(start, server, crowd)


@pytest.mark.parametrize("signals", [1, 2])
@pytest.mark.parametrize("place", ["/log/", "/frames"])
def test_a_disk_that_hangs_holds_up_no_end(faulty, start, faults, place, signals):
    """Neither the drain's time nor a second signal waits for it, and what was accepted is there after a restart."""
    server = faulty("--drain-timeout", "1s" if signals == 1 else "1h")
    frame_id = server.post("a", b"1").json()["frame"]
    rule = faults.begin("fdatasync", "wait", path=place)
    with server.client() as wire:
        wire.begin("POST", "/channel/a", {**AUTHORIZED, "Content-Type": "application/x-ndjson"})
        wire.content(b"2\n")
        until(lambda: rule.struck, "a thread that waits for the disk")
        for _ in range(signals):
            server.signal(signal.SIGTERM)
            until(lambda: "draining" in server.log_text(), "the drain")
        assert server.wait() == 0
    faults.end()
    again = start(directory=server.directory)
    assert again.frame(frame_id).items("a")[0].data == b"1"

def test_a_window_that_cannot_be_stored_closes_the_log(faulty, start):
    """Its items are damaged on the disk: nothing is taken any more, before what waits behind it fills the disk."""
    server = faulty(frame_duration="3s")
    newest = until(server.index, "a frame")[0]["id"]
    # Of a window that has just begun.
    until(lambda: server.index()[0]["id"] != newest, "the next frame")
    item = b"an item that the disk turns over a bit of"
    assert server.post("a", item).status == 200
    segment = next(path for path in server.directory.rglob("*.segment") if item in path.read_bytes())
    with open(segment, "r+b") as file:
        file.seek(segment.read_bytes().index(item))
        file.write(b"A")
    until(lambda: readiness(server) == 503, "the end of readiness")
    answer = server.post("a", b"1")
    assert (answer.status, answer.problem_name()) == (503, "unavailable")
    assert server.get(f"/{newest}").status == 200
    with Wire(("127.0.0.1", server.admin_port), None, plain=True) as wire:
        assert "damaged" in wire.ask("GET", "/readyz").json()["detail"]
    said = [line for line in server.log_text().splitlines() if "damaged" in line]
    assert len(said) == 1 and segment.name in said[0] and "verify --repair" in said[0], said
    assert server.stop() == 0
    again = start(directory=server.directory, waits=False)
    assert again.process.wait(30) == 1
    assert "verify --repair" in again.log_text()


def test_a_frame_that_is_cut_short_under_the_server_costs_one_restart(start):
    """What a mapped file doesn't have any more, or the disk can't read, can't be waited for or refused: the kernel ends the
    process (SIGBUS). A supervisor starts it again, and then the frame is left out, and everything else is there."""
    server = start()
    cut = server.post("a", b"1" * 3_000_000).json()["frame"]
    server.frame_octets(cut)
    sound = server.post("a", b"2").json()["frame"]
    server.frame_octets(sound)
    path = next((server.directory / "frames").glob(f"{cut}-*.frame"))
    with open(path, "r+b") as file:
        file.truncate(100)
    with pytest.raises((OSError, AssertionError, EOFError)):
        server.get(f"/{cut}")
    assert server.wait() == -signal.SIGBUS
    again = start(directory=server.directory)
    assert again.get(f"/{cut}").status == 404
    assert again.frame(sound).items("a")[0].data == b"2"
    assert path.name in again.log_text() and "left out" in again.log_text()
    assert again.post("a", b"3").status == 200
    assert again.stop() == 0


@pytest.mark.parametrize("size", [1_000, 3_000_000], ids=["small", "large"])
def test_a_frame_that_the_disk_has_damaged_is_not_served(faulty, size):
    """Nothing in its header shows it, so a start takes it for a frame; whoever comes first upon it, a reader or the server's
    own check, it is told once, and the others are served."""
    server = faulty()
    items = [bytes([65 + number]) * size for number in range(2)]
    ids = []
    for item in items:
        ids.append(server.post("a", item).json()["frame"])
        server.frame_octets(ids[-1])
    server.kill()
    path = next((server.directory / "frames").glob(f"{ids[0]}-*.frame"))
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size - size // 2)
        file.write(b"!")
    again = faulty(directory=server.directory)
    def is_refused():
        answer = again.get(f"/{ids[0]}")
        assert size > 1 << 20 or answer.status == 500
        return (answer.status, answer.get("cache-control"), answer.problem_name()) == (500, "no-store", "damaged-frame") \
            if answer.status == 500 else None
    until(is_refused, "that the damaged frame is refused")
    assert again.frame(ids[1]).items("a")[0].data == items[1]
    until(lambda: path.name in again.log_text(), "a line about it")
    assert again.log_text().count(path.name) == 1
    with Wire(("127.0.0.1", again.admin_port), None, plain=True) as wire:
        until(lambda: b"syncstreamer_frames_unchecked 0\n" in wire.ask("GET", "/metrics").body, "that all are checked")
        assert b"syncstreamer_frames_damaged 1\n" in wire.ask("GET", "/metrics").body
