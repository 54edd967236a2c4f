// Every reliability test: its name, the function in tests/reliability/<name>_*.cpp, and the bar it must clear. Included
// where GENESIS_RELIABILITY_TEST is defined. (Each entry on one line: CMake reads this file too.)
// clang-format off
GENESIS_RELIABILITY_TEST(R1, "500 random kill -9 of a rank, 50 of mpirun, 150 or more inside a save: resumed traces bit-identical")
GENESIS_RELIABILITY_TEST(R2, "every call of a save killed before and after, EIO, ENOSPC, short, EINTR: the old or the new checkpoint loads")
GENESIS_RELIABILITY_TEST(R3, "10,000 power-loss states: the old or the new checkpoint loads, the new one once the save has said so")
GENESIS_RELIABILITY_TEST(R4, "every bit and every length of a 256 KiB checkpoint: 100 % detected, file and tensor named")
GENESIS_RELIABILITY_TEST(R5, "a file of 4 GiB cut at every 4 KiB: found by its size alone")
GENESIS_RELIABILITY_TEST(R6, "disk full at 20 sizes and RLIMIT_FSIZE: needed and free bytes told, the old checkpoint loads, training goes on")
GENESIS_RELIABILITY_TEST(R10, "saved at one layout of ranks, resumed at another: tensors hash-equal, first loss within 1e-6, 50 steps within 1e-4")
GENESIS_RELIABILITY_TEST(R14, "every allocation of a step fails once: one clear error with bytes by category")
GENESIS_RELIABILITY_TEST(R21, "what changes after a save began never reaches the disk; stall <= 1.1 x the copy; a second save waits")
GENESIS_RELIABILITY_TEST(R22, "2,000 saves: no file or descriptor left over, memory within 1 %, exactly keep-k checkpoints")
GENESIS_RELIABILITY_TEST(FORMAT1, "a checkpoint of format version 1, written by its first release, is read bit for bit")
// clang-format on
