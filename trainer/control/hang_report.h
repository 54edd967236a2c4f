#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "trainer/control/hang_judge.h"

namespace genesis::trainer {

/// What a user reads of a hang: a first line that names who is at fault (rank, host, process, step, call and
/// its sequence number), then a table of all ranks.
std::string hang_report(std::span<const Finding> findings);

/// Writes FOLDER/rank-N.txt for each pulse of this host that started: its last calls, oldest first, with
/// their times in seconds before now. Returns whether all could be written; a hang is no time for errors.
bool write_call_logs(const std::filesystem::path& folder, std::span<const Pulse> pulses);

}  // namespace genesis::trainer
