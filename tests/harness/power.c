/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness/power.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512
#define DISKS  8

/* The durable content of a file. */
struct disk {
	char path[256];
	char *bytes;
	size_t size;
	bool exists;
};

struct file {
	sqlite3_file base;
	struct disk *disk;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs, vfs;
static struct disk disks[DISKS];
static unsigned int count, cut;

static bool dead(void)
{
	count++;
	return cut && count >= cut;
}

static struct disk *disk_of(const char *path)
{
	for (int i = 0; i < DISKS; i++) {
		if (!disks[i].path[0])
			snprintf(disks[i].path, sizeof(disks[i].path), "%s", path);
		if (!strcmp(disks[i].path, path))
			return &disks[i];
	}
	abort();
}

static char *read_all(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	char *bytes = NULL;
	long size;

	*ret_size = 0;
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	bytes = malloc((size_t)size + 1);
	if (!bytes || fread(bytes, 1, (size_t)size, f) != (size_t)size)
		abort();
	fclose(f);
	*ret_size = (size_t)size;
	return bytes;
}

static void make_durable(struct disk *disk)
{
	free(disk->bytes);
	disk->bytes = read_all(disk->path, &disk->size);
	disk->exists = disk->bytes;
}

#define REAL(f) (((struct file *)(f))->real)

static int do_close(sqlite3_file *f)
{
	return REAL(f)->pMethods->xClose(REAL(f));
}
static int do_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), to, n, at);
}
static int do_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	return dead() ? SQLITE_IOERR_WRITE : REAL(f)->pMethods->xWrite(REAL(f), from, n, at);
}
static int do_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return dead() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int do_sync(sqlite3_file *f, int flags)
{
	int r = dead() ? SQLITE_IOERR_FSYNC : REAL(f)->pMethods->xSync(REAL(f), flags);

	if (r == SQLITE_OK)
		make_durable(((struct file *)f)->disk);
	return r;
}
static int do_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), ret);
}
static int do_lock(sqlite3_file *f, int lock)
{
	return REAL(f)->pMethods->xLock(REAL(f), lock);
}
static int do_unlock(sqlite3_file *f, int lock)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), lock);
}
static int do_check(sqlite3_file *f, int *ret)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), ret);
}
static int do_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int do_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}
/* No promises: a cut may tear and reorder. */
static int do_traits(sqlite3_file *f)
{
	(void)f;
	return 0;
}
static int do_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, ret);
}
static int do_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}
static void do_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int do_shm_unmap(sqlite3_file *f, int delete)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), delete);
}

static const sqlite3_io_methods methods = {
	2, do_close, do_read, do_write, do_truncate, do_sync, do_size, do_lock, do_unlock, do_check,
	do_control, do_sector, do_traits, do_shm_map, do_shm_lock, do_shm_barrier, do_shm_unmap, NULL, NULL,
};

static int do_open(sqlite3_vfs *of, const char *path, sqlite3_file *f, int flags, int *ret_flags)
{
	struct file *file = (struct file *)f;
	int r;

	(void)of;
	file->base.pMethods = NULL;
	file->real = (sqlite3_file *)(file + 1);
	file->disk = path ? disk_of(path) : NULL;
	r = real_vfs->xOpen(real_vfs, path, file->real, flags, ret_flags);
	if (r == SQLITE_OK)
		file->base.pMethods = &methods;
	return r;
}

static int do_delete(sqlite3_vfs *of, const char *path, int sync_directory)
{
	struct disk *disk = disk_of(path);
	int r;

	(void)of;
	if (dead())
		return SQLITE_IOERR_DELETE;
	r = real_vfs->xDelete(real_vfs, path, sync_directory);
	free(disk->bytes);
	disk->bytes = NULL;
	disk->size = 0;
	disk->exists = false;
	return r;
}

void power_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "power";
	vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	vfs.xOpen = do_open;
	vfs.xDelete = do_delete;
	sqlite3_vfs_register(&vfs, 1);
}

void power_cut_at(unsigned int operation)
{
	count = 0;
	cut = operation;
}

unsigned int power_operations(void)
{
	return count;
}

/* Each sector is the durable one or the written one. */
static void tear(struct disk *disk)
{
	size_t size, longer;
	char *written = read_all(disk->path, &size), *mixed;

	longer = size > disk->size ? size : disk->size;
	mixed = calloc(1, longer + 1);
	if (!mixed)
		abort();
	for (size_t at = 0; at < longer; at += SECTOR) {
		bool keep = rand() & 1;
		const char *from = keep ? written : disk->bytes;
		size_t end = keep ? size : disk->size;

		if (at < end)
			memcpy(mixed + at, from + at, end - at < SECTOR ? end - at : SECTOR);
	}
	free(written);
	free(disk->bytes);
	disk->bytes = mixed;
	disk->size = longer;
	disk->exists = longer > 0;
}

void power_restore(enum power_loss loss)
{
	srand(cut);
	cut = 0;
	for (int i = 0; i < DISKS && loss != POWER_KEEPS; i++) {
		struct disk *disk = &disks[i];
		FILE *f;

		if (!disk->path[0])
			continue;
		if (loss == POWER_TEARS)
			tear(disk);
		if (!disk->exists) {
			unlink(disk->path);
			continue;
		}
		f = fopen(disk->path, "we");
		if (!f || fwrite(disk->bytes, 1, disk->size, f) != disk->size || fclose(f))
			abort();
	}
}

void power_forget(void)
{
	for (int i = 0; i < DISKS; i++)
		free(disks[i].bytes);
	memset(disks, 0, sizeof(disks));
}
