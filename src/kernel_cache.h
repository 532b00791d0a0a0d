/*
 * kernel_cache.h: compiled kernels on disk, shared by all backends, processes and threads.
 *
 * The rule above all others: a cache saves time and does nothing else. What cannot be read, written, trusted or
 * understood is a miss; nothing here fails, waits for another process, or touches the thread's error detail. The
 * environment is read on each call and nothing is kept in the process, so a folder may come, go or change between two.
 *
 * Key. A text in which the backend names everything that decides the binary:
 *   - the backend; its platform or run-time library, with the version; the driver's version
 *   - the device, by vendor and name, or by the architecture that is compiled for
 *   - the program, with dcn_kernel_source_hash() of it, and every build option
 * in a fixed order, one on each line. What the backend cannot find out it must not leave out: it goes without the
 * cache. The version of the library is added here. Entries are found by a hash of the key, and the whole key is stored
 * and compared: two keys with one hash replace each other, and neither ever gets the other's data.
 *
 * File. One for each entry, named by the hash: 16 hexadecimal digits and ".dcnv4-kernel". Numbers are little-endian:
 *
 *     offset  size
 *          0     8  "dcnv4krn"
 *          8     8  version of this layout, 1
 *         16     8  K, bytes of the key, without a terminator
 *         24     8  D, bytes of the data
 *         32     8  checksum of all other bytes
 *         40     K  key
 *     40 + K     D  data, to the end of the file
 *
 * Each of them is checked on reading, the lengths against the size of the file before anything else is believed. The
 * checksum is a hash of 64 bits, of 8 bytes in each step; a step is a bijection of what was before and of what it takes
 * in, so damage within one step never goes unseen, and any other does with a chance of 2^-64. That is all it must do:
 * against intent there is the folder, which only its owner can write to. Drivers cannot be relied on to see damage:
 * some load a damaged binary, or end the process over it.
 *
 * Races. An entry is written under a name of its own (process, time, count; it must not exist yet) and then renamed, so
 * that a reader finds the old entry, the new one or none, and never a part. Writers of one key replace each other's
 * entry by an equal one. Nothing is synchronised to the disk: what a crash of the machine leaves is a miss.
 *
 * Size. A store brings the folder back to 90 % of its limit when it is beyond: entries that were neither written nor
 * loaded for longest go first, never the one just stored. Temporary files that are older than an hour go too; no other
 * file is touched. An entry larger than the limit or than 64 MiB is not stored.
 *
 * Folder, limit and off switch: DCNV4_CACHE_DIR, DCNV4_CACHE_LIMIT, DCNV4_CACHE=off; see dcnv4/dcnv4.h. The folder is
 * made at the first store, for its owner alone, and used only if nobody else owns it or can write to it.
 */
#ifndef DCN_KERNEL_CACHE_H
#define DCN_KERNEL_CACHE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether there is a folder to keep kernels in, though it may turn out to be of no use: for a backend to ask before it
 * goes to any length for a key or for data. Any thread. */
bool dcn_cache_enabled(void);

/* Looks for the data that was stored with a key. On a hit `*data`, to be freed, and `*size`, which is not 0, receive
 * it, and the entry counts as used now. On a miss neither is written. Any thread. */
bool dcn_cache_load(const char *key, void **data, size_t *size);

/* Stores data, in place of any that the key had, or does nothing. Any thread. */
void dcn_cache_store(const char *key, const void *data, size_t size);

#endif
