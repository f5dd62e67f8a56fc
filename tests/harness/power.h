/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A disk whose power can be cut: SQLite's default VFS, through which every write of the store goes.
 * What was synced is durable; what was only written may be lost. */
#ifndef RG_TEST_POWER_H
#define RG_TEST_POWER_H

/* What a cut leaves of what was written and not synced. */
enum power_loss {
	POWER_KEEPS, /* all: the process was killed, the host runs on */
	POWER_DROPS, /* nothing */
	POWER_TEARS, /* some sectors of 512 bytes and not others, by the cut's number */
	POWER_LOSS_MAX
};

/** Once, before any file is opened. */
void power_install(void);
/** From here on count writes, truncations, syncs and deletions; the one with this number (from 1) and
 *  all after it fail without effect. 0: none does. */
void power_cut_at(unsigned int operation);
/** How many there were since. */
unsigned int power_operations(void);
/** All files are closed: put on the disk what is there after the cut. */
void power_restore(enum power_loss loss);
/** Forget all files. */
void power_forget(void);

#endif
