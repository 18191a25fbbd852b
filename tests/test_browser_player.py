"""The player of `ol.animate` in a real browser: it plays, is stepped, pauses at moments, and its films are as drawn."""

import base64

import numpy as np
import pytest

import optlib as ol

test_browser = pytest.importorskip("test_browser", reason="playwright is not installed")
from test_browser import RULES, START, STEPS, F, opened, pixels, player, race  # noqa: E402

browser, pytestmark = test_browser.browser, test_browser.pytestmark
MOMENTS = {12: "Momentum has <b>overshot</b>, and turns back.", 5: "AdaGrad is slow.", STEPS: "This is the end."}


@pytest.fixture
def animated(browser, tmp_path):
    with opened(browser, tmp_path, ol.animate(F, *race()).html()) as tab:
        yield tab, *player(tab)


@pytest.fixture
def timed(browser, tmp_path):
    """As `animated`, on a page whose time the test moves."""
    with opened(browser, tmp_path, ol.animate(F, *race()).html(), clock=True) as tab:
        yield tab, *player(tab)


def test_it_plays_pauses_and_ends(timed):
    tab, host, ask = timed
    assert ask("player.step") == 0
    assert ask("player.playing") is False
    ask("player.go(player.data.steps)")
    last = pixels(host)
    host.get_by_role("combobox").select_option("4")
    host.get_by_role("button", name="Play").click()
    tab.clock.run_for(400)
    host.get_by_role("button", name="Pause").click()
    paused = ask("player.step")
    assert 2 < paused < STEPS
    assert pixels(host) != last
    tab.clock.run_for(400)
    assert ask("player.step") == paused
    host.get_by_role("button", name="Play").click()
    tab.clock.run_for(3000)
    assert ask("player.step") == STEPS
    assert ask("player.playing") is False
    assert pixels(host) == last


def test_it_loops(timed):
    tab, host, ask = timed
    host.get_by_label("loop").check()
    host.get_by_role("combobox").select_option("4")
    host.get_by_role("button", name="Play").click()
    steps = []
    for _ in range(40):  # a round takes a second, and 0.6 seconds of rest
        tab.clock.run_for(100)
        steps.append(ask("player.step"))
    assert ask("player.playing") is True
    assert sum(after < before for before, after in zip(steps, steps[1:], strict=False)) == 2


def test_it_is_scrubbed_and_stepped(animated):
    tab, host, ask = animated
    box = host.get_by_role("slider", name="Step").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert abs(ask("player.step") - 30) <= 2
    step = ask("player.step")
    host.get_by_role("button", name="One step ahead").click()
    assert ask("player.step") == step + 1
    assert f"Step {step + 1} of 60" in host.locator("p[role=status]").text_content()


def test_keys_work_and_do_not_reach_the_page(animated):
    tab, host, ask = animated
    host.get_by_role("slider", name="Step").focus()
    for key, step in (("Home", 0), ("ArrowRight", 1), ("Shift+ArrowRight", 11), ("ArrowLeft", 10), ("End", 60)):
        tab.keyboard.press(key)
        assert ask("player.step") == step
    tab.keyboard.press("Home")
    tab.keyboard.press("Space")
    assert ask("player.playing") is True
    assert tab.evaluate("window.keys ?? []") == []


def test_the_legend_switches_paths(animated):
    _, host, ask = animated
    before = pixels(host)
    host.get_by_role("checkbox", name="Momentum").uncheck()
    assert ask("player.tracks.map((t) => t.shown)") == [True, False, True, True, True]
    assert pixels(host) != before
    host.get_by_role("checkbox", name="Momentum").check()
    assert pixels(host) == before


def test_values_shown_are_those_of_the_path(animated):
    tab, host, ask = animated
    ask("player.go(17)")
    shown = [float(text.split("=")[1].replace("−", "-")) for text in host.locator(".value").all_text_contents()]
    assert np.allclose(shown, [path.f[17] for path in race()], rtol=1e-3)


def test_several_on_one_page_and_hostile_names(browser, tmp_path):
    evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    path = ol.minimize(F, RULES[0], START, 1)
    many = [ol.minimize(F, ol.GradientDescent(lr=lr), START, 20) for lr in np.linspace(0.01, 1.5, 50)]
    long = ol.minimize(F, ol.GradientDescent(lr=1e-3), START, 10_000)
    pages = [ol.animate(F, path, labels=[evil], title=evil), ol.animate(F, *many), ol.animate(F, long)]
    with opened(browser, tmp_path, "".join(one.html() for one in pages)) as tab:
        players = [player(tab, number=i) for i in range(3)]
        assert [ask("player.data.steps") for _, ask in players] == [1, 20, 10_000]
        assert evil in players[0][0].locator(".legend").text_content()
        players[2][1]("player.go(5000)")
        assert players[1][1]("player.step") == 0  # each has its own


def test_a_player_whose_program_is_still_to_come_wakes_later_and_keeps_none_asleep(browser, tmp_path):
    """Packed scripts take a moment: the first may run while a slow machine has read a player, but not its program."""
    early, late = (ol.explore(ol.FUNCTIONS[name], ol.Adam(lr=0.1), steps=5).html() for name in ("ravine", "beale"))
    host, scripts = late.split("</script></div>", 1)
    with opened(browser, tmp_path, f"{host}</script></div>{early}") as tab:
        players = "[...document.querySelectorAll('.optlib-explorable')]"
        tab.wait_for_function(f"() => {players}[1].shadowRoot")
        assert tab.evaluate(f"{players}.map((host) => Boolean(host.shadowRoot))") == [False, True]
    with opened(browser, tmp_path, f"{host}</script></div>{early}{scripts}") as tab:
        tab.wait_for_function(f"() => {players}.every((host) => host.shadowRoot)")


def test_less_motion_is_respected(browser, tmp_path):
    """Still pictures, not a film."""
    html = ol.animate(F, *race()).html()
    with opened(browser, tmp_path, html, reduced_motion="reduce", clock=True) as tab:
        host, ask = player(tab)
        note = "{apply: (draw, self) => (self.seen.push(self.step), draw.call(self))}"
        ask(f"(player.seen = [], player.draw = new Proxy(player.draw, {note}), null)")
        host.get_by_role("combobox").select_option("4")
        host.get_by_role("button", name="Play").click()
        tab.clock.run_for(3000)
        assert ask("player.playing") is False
        assert 10 <= len(set(ask("player.seen"))) <= 14


DECODE = """async ([text, type]) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const decoder = new ImageDecoder({ data: bytes, type });
  await decoder.tracks.ready;
  await decoder.completed;
  const frames = [];
  for (let frameIndex = 0; frameIndex < decoder.tracks.selectedTrack.frameCount; frameIndex++) {
    const { image } = await decoder.decode({ frameIndex });
    const pen = new OffscreenCanvas(image.displayWidth, image.displayHeight).getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.displayWidth, image.displayHeight);
    image.close();
    let packed = "";
    for (let i = 0; i < data.length; i += 32768) packed += String.fromCharCode(...data.subarray(i, i + 32768));
    frames.push(btoa(packed));
  }
  return frames;
}"""


@pytest.mark.parametrize(("ending", "kind"), [("gif", "image/gif"), ("apng", "image/png"), ("webp", "image/webp")])
def test_films_play_in_the_browser_as_they_were_drawn(browser, tmp_path, ending, kind):
    """Pillow wrote the film, so it is no witness: a transparency that browsers ignore read well in it once."""
    made = ol.animate(F, *race())
    film = made.save(tmp_path / f"film.{ending}", frames=6).read_bytes()
    with opened(browser, tmp_path, "<p>film</p>") as tab:
        frames = tab.evaluate(DECODE, [base64.b64encode(film).decode(), kind])
    wanted = [np.asarray(frame.convert("RGB")) for frame in made.frames(6)]
    assert len(frames) == len(wanted)
    for frame, picture in zip(frames, wanted, strict=True):
        shown = np.frombuffer(base64.b64decode(frame), np.uint8).reshape(*picture.shape[:2], 4)
        np.testing.assert_array_equal(shown[..., :3], picture)


@pytest.fixture
def marked(browser, tmp_path):
    """As `timed`, with `MOMENTS`."""
    with opened(browser, tmp_path, ol.animate(F, *race(), moments=MOMENTS).html(), clock=True) as tab:
        yield tab, *player(tab)


def sentence(host):
    return host.locator(".moment").inner_text()  # leaves out what is not visible


@pytest.mark.parametrize("speed", ["0.25", "4"])
def test_it_pauses_at_each_moment_and_says_the_sentence(marked, speed):
    tab, host, ask = marked
    host.get_by_role("combobox").select_option(speed)
    assert sentence(host) == ""
    for step, words in sorted(MOMENTS.items()):
        host.get_by_role("button", name="Play").click()
        tab.clock.run_for(20_000)
        assert (ask("player.step"), ask("player.playing")) == (step, False)
        assert sentence(host) == f"Step {step} {words}"
        assert f"Step {step} of 60. {words} " in host.locator("p[role=status]").text_content()
    host.get_by_role("button", name="Play").click()  # from the start again
    tab.clock.run_for(20_000)
    assert ask("player.step") == 5
    for step, said in ((11, 5), (12, 12), (40, 12), (4, None), (0, None)):
        ask(f"player.go({step})")
        assert sentence(host) == (f"Step {said} {MOMENTS[said]}" if said else "")


def test_less_motion_leaves_out_no_moment(browser, tmp_path):
    html = ol.animate(F, *race(), moments=MOMENTS).html()
    with opened(browser, tmp_path, html, reduced_motion="reduce", clock=True) as tab:
        host, ask = player(tab)
        for step in sorted(MOMENTS):
            host.get_by_role("button", name="Play").click()
            tab.clock.run_for(6000)
            assert ask("player.step") == step


def test_a_moment_changes_no_size(marked):
    _, host, ask = marked
    heights = [ask(f"(player.go({step}), player.card.offsetHeight)") for step in (0, 5, 12, 60)]
    assert len(set(heights)) == 1


def test_play_and_step_look_different(animated):
    _, host, _ = animated
    buttons = host.get_by_role("button").all()
    assert [button.get_attribute("aria-label") for button in buttons] == ["Play", "One step back", "One step ahead"]
    assert [button.inner_text() for button in buttons] == ["Play", "", ""]
    shapes = {button.locator("path").get_attribute("d") for button in buttons}
    assert len(shapes) == 3


# Of the names at the ends of paths: their boxes, and the inside of the picture's frame.
NAMES = """(host) => {
  const { map } = host.player;
  const { box } = map;
  let boxes;
  const spread = optlib.spread;
  optlib.spread = (...given) => (boxes = spread(...given));
  host.player.draw();
  optlib.spread = spread;
  return [[box.x, box.y, box.w, box.h], (boxes ?? []).map(({ x, y, width }) => [x, y - 8.5, width, 17])];
}"""


def check_names(host, step, count, playing="false"):
    host.evaluate(f"(host) => Object.assign(host.player, {{ step: {step}, playing: {playing} }}).draw()")
    (left, top, width, height), names = host.evaluate(NAMES)
    assert len(names) == count
    for i, (x, y, w, h) in enumerate(names):
        assert left <= x <= left + width - w
        assert top <= y <= top + height - h
        for other_x, other_y, other_w, other_h in names[:i]:
            assert x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y


SETS = {
    "a race": lambda: (F, race(), None),
    "at the border": lambda: (F, [np.array([START, (x, y)]) for x in (-1e3, 1e3) for y in range(4)], None),
    "a corner": lambda: (F, [np.array([START, (5.0, -5.0)])] * 8, [f"{i} {'long ' * 9}" for i in range(8)]),
    "one coordinate": lambda: (ol.FUNCTIONS["theta_squared"],
                               [np.array([[2.0], [0.001 * i]]) for i in range(6)], None),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("width", [1000, 390])
def test_names_at_the_ends_lie_inside_and_apart(browser, tmp_path, name, width):
    f, paths, labels = SETS[name]()
    with opened(browser, tmp_path, ol.animate(f, *paths, labels=labels).html()) as tab:
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
        host, ask = player(tab)
        for step in {0, 1, ask("player.data.steps") // 2, ask("player.data.steps")}:
            check_names(host, step, len(paths))


def test_names_move_along_with_the_ends_and_do_not_leap(animated):
    _, host, ask = animated
    lower = []
    for step in range(STEPS + 1):
        check_names(host, step, len(RULES), playing="true")
        lower.append(ask("player.tracks.map((track) => track.lower)"))
    leaps = np.abs(np.diff(lower, axis=0)) > 17  # a line
    assert leaps.mean() < 0.02


def test_one_path_and_many_have_no_names_in_the_picture(browser, tmp_path):
    path = ol.minimize(F, RULES[0], START, 5)
    with opened(browser, tmp_path, ol.animate(F, path).html() + ol.animate(F, *[path] * 9).html()) as tab:
        for number in range(2):
            check_names(player(tab, number=number)[0], 3, 0)


def test_paper_shows_the_paths_to_their_ends(animated):
    tab, host, ask = animated
    ask("player.go(7)")
    tab.evaluate("""() => addEventListener("beforeprint", () => {
      window.printed = document.querySelector(".optlib-animation").player.step;
    })""")
    tab.pdf()
    assert tab.evaluate("window.printed") == STEPS
    assert ask("player.step") == 7


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_singular_values_of_matrices_under_the_slider(browser, tmp_path, scheme):
    from accessibility import run

    f = ol.functions.matrix_least_squares((1.0, 0.3, 0.1), columns=4)
    paths = [ol.minimize(f, rule, steps=20) for rule in (ol.GradientDescent(lr=1.0), ol.Muon(lr=0.1))]
    with opened(browser, tmp_path, ol.animate(f, *paths).html(), scheme) as tab:
        host, ask = player(tab)
        bars = host.locator("canvas.map")
        first = pixels(host)
        assert ask("player.map.words").endswith("Muon, lr 0.1 has 0, 0, 0.")
        host.get_by_role("slider", name="Step").focus()
        tab.keyboard.press("ArrowRight")
        W = paths[1].x[1].reshape(3, 4)
        said = f"Muon, lr 0.1 has {', '.join(f'{value:.4g}' for value in np.linalg.svd(W)[1])}."
        assert bars.get_attribute("aria-label").count(said) == 2, "it started at 0: the update is the weight"
        assert said in host.locator("p[role=status]").text_content()
        assert pixels(host) != first
        host.get_by_role("checkbox", name="Muon").uncheck()
        assert "Muon" not in bars.get_attribute("aria-label")
        assert run(tab) == {}
        tab.set_viewport_size({"width": 390, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert host.get_by_role("slider", name="Step").bounding_box()["y"] < 844
