# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The commands of a page of documentation, run as they stand there; sourced behind world.sh.
#
#   page_run <PAGE   each command of its code blocks ("$ COMMAND"), in order; one check a command
#
# What a command prints is compared with what the page shows under it, but for what differs from run to
# run (normal); "..." stands for anything. Where the page shows nothing, the command has to succeed. A file
# that is shown by cat and is not there is the reader's own, and made. The test says
#   here             (filter) the paths of the page, in this test
#   before COMMAND N what has to be done before this command is run for the Nth time, since the page says it in words
declare -A RUNS=()


# Times, numbers of kernel objects, what depends on the CPUs or on the date of the GeoIP data.
normal() {
	sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' -e 's/^Date: .*/Date: .../' -e 's/\b[0-9a-f]{64}\b/HASH/g' \
		-e 's/"(pid|id|link_id|ifindex|build_ms|load_ms|uptime_s|bytes|networks|unknown|ipv[46]|regions|age_s)":[0-9.]+/"\1":N/g' \
		-e 's/[[:space:]]+/ /g' -e 's/ $//' -e 's,\b8\.0\.0\.0/[0-9]+,8.0.0.0/N,' \
		-e 's/^(pid|uptime|program id|load time, ms|regions|IPv[46] ranges|table|attribution|pass|rg_[a-z_]+) .*/\1 N/' \
		-e 's/^(eth0 .* tcx) [0-9 ]+$/\1 N/' -e 's/TIME [0-9]+ [0-9]+$/TIME N/' -e 's/ pass [0-9]+;/ pass N;/' \
		-e 's/[0-9]+ ranges$/N ranges/' -e 's/\(program [0-9a-f]{16}/(program HASH/' -e 's/^version .*|"version":"[^"]*"/version N/' \
		-e 's/^(regiongated?) [0-9.]+ \(/\1 N (/' \
		-e 's/^20[0-9]{2}-[0-9]{2} /MONTH /' -e 's/"month":"[0-9-]+"/"month":"MONTH"/g'
}

# Does what was printed fit what is shown?
fits() { # shown
	local pattern any='*'
	pattern=$(normal <<<"$1" | sed -e 's/[][\\*?]/\\&/g' -e 's/\.\.\./*/g')
	pattern=${pattern//$'\n*'/$any} # no line, or some
	# shellcheck disable=SC2053  # a pattern
	[[ $(normal <"$WORK/printed") == $pattern ]]
}

command_run() { # command shown
	local wait=0 code file=${1#cat }
	if [ "$1" = "cat $file" ] && [ ! -e "$file" ]; then
		printf '%s' "$2" >"$file"
		return
	fi
	RUNS[$1]=$((${RUNS[$1]:-0} + 1))
	before "$1" "${RUNS[$1]}"
	[[ $1 == *\& ]] && wait=10
	eval "$1" >"$WORK/printed" 2>&1 </dev/null
	code=$?
	if [ -z "$2" ]; then
		is "$1" $code 0
	elif until_true $wait fits "${2%$'\n'}"; then
		ok "$1"
	else
		not_ok "$1"
		diff <(printf '%s' "$2" | normal) <(normal <"$WORK/printed") | sed 's/^/# /'
	fi
}

whole() { # command: does it end here?
	[[ $1 != *\\ ]] && bash -n <<<"$1" 2>/dev/null
}

page_run() { # the page is read
	local line inside='' command='' shown='' n=0
	while IFS= read -r line; do
		case $inside$line in
		'```'*) inside=+ ;;
		'+```' | '+$ '*)
			[ -z "$command" ] || command_run "$command" "$shown"
			n=$((n + 1)) command='' shown=''
			if [[ $line == '$ '* ]]; then command=${line#\$ }; else inside=''; fi
			;;
		+*)
			if [ -z "$command" ]; then continue; fi
			if whole "$command"; then shown+=$line$'\n'; else command+=$'\n'$line; fi
			;;
		esac
	done < <(here)
}
