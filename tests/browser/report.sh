#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The report's page in a browser: it reads on a screen and on a phone, its console stays
# empty, and it asks the network for nothing. Screenshots stay in build/report-*.png.
set -u
cd "$(dirname "$0")/../.." || exit 1
RG_BUILD=${RG_BUILD:-$PWD/build}
. tests/harness/ledger.sh
WORK=$(mktemp -d /tmp/rg-report.XXXXXX) || exit 1
trap 'rm -rf "$WORK"' EXIT
bad=0
is() { # text got wanted
	if [ "$2" = "$3" ]; then echo "ok - $1"; else echo "not ok - $1: got '$2', wanted '$3'"; bad=1; fi
}
# In a network namespace of its own: there is nobody to ask.
browser() { # option...
	timeout 60 unshare --net chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
		--user-data-dir="$WORK/profile" --allow-file-access-from-files --enable-logging=stderr "$@" \
		2>>"$WORK/log"
}

ledger_sample "$WORK/ledger"
"$RG_BUILD/regiongate" report --file "$WORK/ledger" --from 2020-07-01 --to 2021-06-30 --html \
	--operator "Example Conferences" >"$WORK/report.html"
is "the page is made" $? 0

# What a reader measures, at a width: how far it can be scrolled sideways, the smallest text.
# (A window of the browser is at least 500 wide, a frame is not.)
measure() { # width
	cat >"$WORK/frame.html" <<-PAGE
	<iframe id="frame" src="report.html" style="width:$1px;height:900px;border:0"></iframe><p id="found"></p>
	<script>
	frame.onload = () => {
		const page = frame.contentDocument, root = page.documentElement;
		const heights = [...page.querySelectorAll("p, td, th, li, b, text, code, figcaption, h1")]
			.filter(e => e.textContent.trim() && e.getBoundingClientRect().height)
			.map(e => e.tagName === "text" ? e.getBoundingClientRect().height / 1.17
				: parseFloat(page.defaultView.getComputedStyle(e).fontSize));
		const outside = [...page.querySelectorAll("svg text, svg rect")].filter(e => {
			const box = e.getBoundingClientRect(), frame = e.closest("svg").getBoundingClientRect();
			return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1);
		});
		found.textContent = [root.scrollWidth, Math.min(...heights) >= 10, outside.length,
			page.querySelectorAll("svg").length, page.querySelectorAll("svg rect").length > 15].join(" ");
	};
	</script>
	PAGE
	browser --virtual-time-budget=3000 --dump-dom "file://$WORK/frame.html" | sed -n 's,.*<p id="found">\([^<]*\)</p>.*,\1,p'
}
is "on a phone nothing is wider than it, no text is under 10 px, the charts are whole" "$(measure 360)" "360 true 0 2 true"
is "the same on a small phone" "$(measure 320)" "320 true 0 2 true"
is "and on a screen" "$(measure 1000)" "1000 true 0 2 true"
: >"$WORK/log"
browser --screenshot="$RG_BUILD/report-wide.png" --window-size=1000,1400 "file://$WORK/report.html"
browser --screenshot="$RG_BUILD/report-narrow.png" --window-size=500,1400 "file://$WORK/report.html"
is "nothing is in the console" "$(grep CONSOLE "$WORK/log")" ""
is "no request goes out" "$(grep -iE 'ERR_|net_error' "$WORK/log")" ""
# The check would see what it looks for.
sed 's,</main>,<img src="http://192.0.2.1/x.png"><script>console.error(1)</script></main>,' "$WORK/report.html" >"$WORK/bad.html"
: >"$WORK/log"
browser --screenshot="$WORK/bad.png" "file://$WORK/bad.html"
is "an image from elsewhere and a script would be in it" "$(grep -c 'CONSOLE.*Content Security Policy' "$WORK/log")" 2
for picture in wide narrow; do
	is "screenshot: $picture" "$(head -c 4 "$RG_BUILD/report-$picture.png" | tail -c 3)" PNG
done
exit $bad
