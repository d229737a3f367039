#!/usr/bin/env python3
"""Opens a report in headless Chromium and looks at it as a reader would. Called by test_report.sh:

    browser.py PAGE [--png FILE WIDTH]

The page is opened from its file. Prints what is wrong, one line each, and fails: an error on the console, a request for
anything else than the page, a decoder that is further than 1e-4 from the program's, a slider that the keyboard does not
move, a label, button or picture that does nothing. Exit status 77: there is no Chromium that can be driven. With --png
it also leaves a picture of the whole page.

Chromium is spoken to through a pipe (--remote-debugging-pipe), JSON messages with a zero byte after each, so that
Python needs nothing but itself.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

TOLERANCE = 1e-4
PATIENCE = 60  # seconds for an answer: a test machine may be busy


class Chromium:
    def __init__(self, program, profile):
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()
        # the pipes are 3 and 4 in Chromium; a shell moves them there, whatever their numbers are here
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                   "--user-data-dir=" + profile, "--no-first-run", "--disable-background-networking"]
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec 8<&%d 9>&%d; exec "$@" 3<&8 4>&9 8<&- 9>&-' % (to_read, from_write), "sh"] + command,
            pass_fds=(to_read, from_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.pending = b""
        self.number = 0
        self.events = []
        self.session = None

    def receive(self):
        while b"\0" not in self.pending:
            if not select.select([self.from_read], [], [], PATIENCE)[0]:
                raise TimeoutError("Chromium does not answer")
            more = os.read(self.from_read, 1 << 20)
            if not more:
                raise EOFError("Chromium ended")
            self.pending += more
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"].get("description", expression))
        return answer["result"].get("value")

    def wait(self, expression):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if self.value(expression):
                    return
            except RuntimeError:  # while one page goes and the next comes there is nothing to ask
                pass
            if time.monotonic() > end:
                raise TimeoutError("never true: " + expression)
            time.sleep(0.05)

    def press(self, key):
        codes = {"ArrowRight": 39, "Enter": 13, "Tab": 9}
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except (OSError, EOFError, RuntimeError, TimeoutError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


# What the canvas shows, as one number that changes with it.
SHOWN = """(() => { const c = document.getElementById('picture'), d = c.getContext('2d').getImageData(0, 0, c.width,
    c.height).data; let h = 0; for (const v of d) h = (h * 31 + v) | 0; return h; })()"""


def look(browser, url, complain):
    browser.open(url)
    for message in browser.events:
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            complain("exception: " + str(params["exceptionDetails"].get("exception", {}).get("description")))
        elif method == "Runtime.consoleAPICalled":
            complain("console: " + str(params["args"]))
        elif method == "Log.entryAdded":
            complain("log: " + params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            asked = params["request"]["url"]
            if not asked.startswith("data:") and asked.split("#")[0] != url.split("#")[0]:
                complain("asks for " + asked[:100])
    if browser.value("[...document.images].some((i) => !i.complete || i.naturalWidth === 0)"):
        complain("a picture is not shown")
    if browser.value("[...document.images].some((i) => !i.alt)"):
        complain("a picture has no words")
    if browser.value("document.documentElement.scrollWidth > innerWidth"):
        complain("the page is wider than its window")


def use(browser, complain):
    """The explorer, by its keyboard and its buttons."""
    difference = browser.value("document.getElementById('check').dataset.difference")
    if difference is None or not float(difference) <= TOLERANCE:
        complain("the decoder differs by %s" % difference)
    else:
        print("largest difference %.2g over %s images" %
              (float(difference), browser.value("document.getElementById('check').dataset.images")))
    browser.wait("document.getElementById('picture').width === "
                 "JSON.parse(document.getElementById('space').textContent).width")  # the first picture is drawn

    def changes(what, act):
        before = browser.value(SHOWN)
        act()
        try:
            browser.wait(SHOWN + " !== %d" % before)
        except TimeoutError:
            complain(what + " does not change the picture")

    browser.value("document.querySelector('.dimension input').focus()")
    was = browser.value("Number(document.activeElement.value)")
    changes("an arrow key", lambda: [browser.press("ArrowRight") for _ in range(60)])
    if not browser.value("Number(document.activeElement.value)") > was:
        complain("an arrow key does not move the slider")
    name = browser.value("document.activeElement.id")
    browser.wait("document.getElementById('readout').textContent.startsWith('%s = ')" % name)
    if browser.value("document.activeElement.nextElementSibling.textContent") != browser.value(
            "document.getElementById('readout').textContent.split(' = ')[1]"):
        complain("the slider's number is not the one that is read out")
    if browser.value("[...document.querySelectorAll('.dimension input')].some((i) => i.labels.length !== 1)"):
        complain("a slider has no label")
    changes("the button Random", lambda: browser.value("document.getElementById('random').click()"))
    changes("the button Centre", lambda: browser.value("document.getElementById('centre').click()"))
    if browser.value("document.querySelectorAll('#starts button').length") > 0:
        changes("the code of an image", lambda: browser.value("document.querySelector('#starts button').click()"))
    if browser.value("!document.getElementById('label-row').hidden"):
        changes("a class", lambda: browser.value(
            "(() => { const s = document.getElementById('label'); s.selectedIndex = (s.selectedIndex + 1) % "
            "s.options.length; s.dispatchEvent(new Event('change')); })()"))


def measure(browser, complain):
    """On a wide screen charts that stand beside each other are alike."""
    resize(browser, 1100)
    for grid in ("#training .charts", "#latent .charts"):
        widths = browser.value("[...document.querySelectorAll('%s svg')].map((s) => s.getBoundingClientRect().width)" % grid)
        if widths and max(widths) - min(widths) > 1:
            complain("charts of several widths: %s" % widths)
    if browser.value("[...document.querySelectorAll('#starts canvas')].some((c) => "
                     "getComputedStyle(c).backgroundColor === 'rgb(0, 0, 0)')"):
        complain("pictures that are not drawn yet are black")


def hold(browser, complain):
    """On a phone: nothing is wider than it, and the explorer's picture stays in sight of the last slider."""
    for width in 400, 340:
        resize(browser, width)
        # a phone makes its window as wide as the page
        wide = browser.value("Math.max(document.documentElement.scrollWidth, innerWidth)")
        if wide > width:
            complain("wider than a phone of %d: %d" % (width, wide))
        if browser.value("[...document.querySelectorAll('.wide')].some((e) => e.scrollWidth > e.clientWidth)"):
            complain("a table is wider than a phone of %d" % width)
    if browser.value("document.getElementById('explorer-tool') === null"):
        return
    browser.value("[...document.querySelectorAll('.dimension input')].filter((i) => i.checkVisibility()).pop()"
                  ".scrollIntoView({block: 'end'})")
    edges = browser.value("(() => { const r = document.getElementById('picture').getBoundingClientRect(); "
                          "return [r.top, r.bottom, innerHeight]; })()")
    if edges[0] < 0 or edges[1] > edges[2]:
        complain("the picture is out of sight of the sliders: %s" % edges)


def resize(browser, width):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=640, deviceScaleFactor=1, mobile=width < 600)


def picture(browser, path, width):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    height = browser.value("document.documentElement.scrollHeight")
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                 mobile=width < 600)
    data = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
    pathlib.Path(path).write_bytes(base64.b64decode(data))


def main(page, *more):
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("no chromium")
        return 77
    wrong = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) if sys.version_info >= (3, 10) else \
            tempfile.TemporaryDirectory() as profile:
        browser = Chromium(program, profile)
        try:
            try:
                browser.call("Browser.getVersion")
            except (OSError, EOFError, RuntimeError, TimeoutError) as error:
                print("chromium cannot be driven: %s" % error)
                return 77
            url = pathlib.Path(page).resolve().as_uri()
            look(browser, url + "#check", wrong.append)
            if browser.value("document.getElementById('explorer-tool') !== null"):
                use(browser, wrong.append)
            measure(browser, wrong.append)
            hold(browser, wrong.append)
            if more:
                picture(browser, more[1], int(more[2]))
        finally:
            browser.close()
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
