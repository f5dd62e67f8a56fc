#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The project's written rules hold (make lint).
exec "$(dirname "$0")/../../tools/lint"
