"""Who is who, as the workspace says it; what it does not say is no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.sandbox import LocalWorkspace
from bot.settings import read_settings
from bot.slack.calling import web_client
from bot.slack.directory import SlackDirectory
from bot.slack.manifest import manifest
from bot.slack.remembered import Remembered, Unanswered
from workflows.engine.ports import Standing
from workflows.engine.testing.clock import ManualClock


@dataclass
class Office:
    """A workspace and a directory of it."""

    workspace: LocalWorkspace
    directory: SlackDirectory
    clock: ManualClock

    def actor(self, name: str) -> str:
        person = self.workspace.user(name).person
        return f"slack:{person.team_id}:{person.id}"

    def place(self, name: str) -> str:
        return f"slack:{self.workspace.team_id}:{self.workspace.channel(name).id}"

    def later(self, seconds: float) -> None:
        self.clock.sleep(timedelta(seconds=seconds))

    def asked(self, method: str) -> int:
        return sum(call.method == method for call in self.workspace.calls)


@pytest.fixture
def office() -> Iterator[Office]:
    clock = ManualClock()
    with LocalWorkspace(manifest([])) as workspace:
        settings = read_settings(slack_bot_token=workspace.bot_token, slack_api_url=workspace.api_url)
        editors = [f"slack:{workspace.team_id}:{workspace.user('ben').id}", "cli:zoe"]
        directory = SlackDirectory(web_client(settings), clock.monotonic, {"editors": editors})
        yield Office(workspace, directory, clock)


def test_how_people_stand(office: Office) -> None:
    found = {name: office.directory.standing(office.actor(name)) for name in ("ana", "dmitri", "eve")}
    assert found == {"ana": Standing.MEMBER, "dmitri": Standing.GUEST, "eve": Standing.STRANGER}
    assert office.directory.standing("cli:zoe") is Standing.MEMBER
    assert office.directory.standing("slack:T0LOCALACME:U0NOBODY") is Standing.UNKNOWN
    ana = office.workspace.user("ana").id
    assert office.directory.standing(f"slack:T0LOCALOTHER:{ana}") is Standing.STRANGER  # the id, of another workspace
    bot = f"slack:{office.workspace.team_id}:{office.workspace.bot_user_id}"
    assert office.directory.standing(bot) is Standing.STRANGER


def test_names_and_zones(office: Office) -> None:
    ana = office.directory.person(office.actor("ana"))
    assert ana is not None
    assert ana.zone == "Europe/Berlin"
    assert office.directory.person("cli:zoe") is None


def test_one_question_serves_for_a_while(office: Office) -> None:
    for _ in range(5):
        office.directory.standing(office.actor("ana"))
    assert (office.asked("users.info"), office.asked("auth.test")) == (1, 1)
    office.workspace.deactivate("ana")
    assert office.directory.standing(office.actor("ana")) is Standing.MEMBER
    office.later(31)
    assert office.directory.standing(office.actor("ana")) is Standing.GONE


def test_without_an_answer_the_last_one_serves_for_some_minutes(office: Office) -> None:
    ana, ben = office.actor("ana"), office.actor("ben")
    assert office.directory.standing(ana) is Standing.MEMBER
    office.workspace.faults.down()
    office.later(60)
    assert office.directory.standing(ana) is Standing.MEMBER
    assert office.directory.standing(ben) is Standing.UNKNOWN
    office.later(600)
    assert office.directory.standing(ana) is Standing.UNKNOWN
    office.workspace.faults.up()
    office.later(2)
    assert office.directory.standing(ben) is Standing.MEMBER


def test_roles_and_groups(office: Office) -> None:
    directory, ben, ana = office.directory, office.actor("ben"), office.actor("ana")
    group = office.workspace.usergroup("buyers", ["ana"])
    to = f"slack:{office.workspace.team_id}:{group.id}"
    assert directory.belongs(ben, ben)
    assert directory.belongs(ben, "role:editors")
    assert directory.belongs("cli:zoe", "role:editors")
    assert not directory.belongs(ana, "role:editors")
    assert not directory.belongs(ana, "role:unheard_of")
    assert directory.belongs(ana, to)
    assert not directory.belongs(ben, to)
    assert not directory.belongs(ana, f"slack:T0OTHER:{group.id}")
    assert not directory.belongs(ana, "slack:T0LOCALACME:S0NOTHING")
    assert directory.members(to) == (ana,)
    assert directory.members("role:editors") == (ben, "cli:zoe")
    assert directory.members(ana) == (ana,)


def test_who_sees_what(office: Office) -> None:
    directory = office.directory
    ana, ben = office.actor("ana"), office.actor("ben")
    assert directory.sees(ben, office.place("#content"))
    assert directory.sees(ben, "#content")
    assert directory.sees(ana, office.place("#finance"))
    assert not directory.sees(ben, office.place("#finance"))
    assert not directory.sees(ben, "#finance")
    assert not directory.sees(ben, "#no-such-channel")
    assert not directory.sees("cli:zoe", "#content")
    assert not directory.sees(ben, "slack:T0LOCALACME:C0NOWHERE")


def test_rooms(office: Office) -> None:
    content, random = office.directory.room("#content"), office.directory.room("#random")
    assert content is not None
    assert (content.name, content.private, content.archived, content.inside) == ("content", False, False, True)
    assert random is not None
    assert not random.inside


def test_an_answer_is_asked_for_once_a_second_while_there_is_none() -> None:
    asked: list[str] = []
    clock = ManualClock()

    def ask(key: str) -> str:
        asked.append(key)
        raise Unanswered(key)

    remembered = Remembered(ask, clock.monotonic)
    for _ in range(3):
        with pytest.raises(Unanswered):
            remembered.get("k")
    assert asked == ["k"]


def test_what_slack_says_is_not_there_is_not_remembered(office: Office) -> None:
    office.workspace.add_channel("secret", private=True)
    ana, place = office.actor("ana"), office.place("#secret")
    group = next(one for one in office.workspace.world.groups.values() if one.handle == "editors")
    assert office.directory.room(place)
    office.workspace.kick_bot("#secret")
    office.later(31)
    assert office.directory.room(place) is None
    assert office.directory.inside(place.rpartition(":")[2]) is None
    assert not office.directory.sees(ana, place)
    ben = office.actor("ben")
    assert office.directory.belongs(ben, f"slack:{office.workspace.team_id}:{group.id}")
    assert office.directory.standing(ben) is Standing.MEMBER
    office.workspace.faults.fail("usergroups.users.list", "no_such_subteam", times=None)
    office.workspace.faults.fail("users.info", "user_not_found", times=None)
    office.later(31)
    assert not office.directory.belongs(ben, f"slack:{office.workspace.team_id}:{group.id}")
    assert office.directory.standing(ben) is Standing.UNKNOWN


def test_who_is_away_by_their_status_until_it_ends(office: Office) -> None:
    directory = SlackDirectory(office.directory._client, office.clock.monotonic, away=("palm_tree",))
    ben, now = office.actor("ben"), office.clock.now()
    until = now + timedelta(hours=2)
    assert directory.absence(ben, now) is None
    office.workspace.set_status("ben", ":palm_tree::skin-tone-2:", "Holidays", until.timestamp())
    office.later(31)
    status = directory.absence(ben, now)
    assert status is not None
    assert (status.text, status.until) == ("Holidays", until)
    assert directory.absence(ben, until) is None
    assert office.directory.absence(ben, now) is None  # no emoji says so there
    office.workspace.set_status("ben", ":house_with_garden:", "At home")
    office.later(31)
    assert directory.absence(ben, now) is None
    office.workspace.set_status("ben", ":palm_tree:")
    office.later(31)
    assert directory.absence(ben, until) is not None
    office.workspace.faults.down()
    office.later(601)
    assert directory.absence(ben, now) is None  # nobody says, so nobody is away
