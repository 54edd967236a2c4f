#include "trainer/control/fault_injection.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "kernels/core/error.h"

namespace genesis::trainer {

std::optional<Fault> Fault::from_environment() {
  const char* text = std::getenv("GENESIS_FAULT");
  if (!text || !*text) return std::nullopt;
  Fault fault;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (key == "rank") {
      fault.rank = std::atoi(value.c_str());
    } else if (key == "step") {
      fault.step = std::atoll(value.c_str());
    } else if (key == "action") {
      fault.action = value;
    } else {
      throw ConfigError("GENESIS_FAULT: '{}' is not rank=N, step=N or action=NAME", word);
    }
  }
  for (const char* known :
       {"stop", "kill", "exit", "throw", "lag", "skip", "nan", "spike", "flip", "flip_moment"})
    if (fault.action == known) return fault;
  throw ConfigError("GENESIS_FAULT: there is no action '{}'", fault.action);
}

bool Fault::is(const char* what, int own_rank, int64_t own_step) const {
  return own_rank == rank && own_step == step && action == what;
}

void Fault::strike(int own_rank, int64_t own_step) const {
  if (own_rank != rank || own_step != step) return;
  if (action == "stop") ::kill(::getpid(), SIGSTOP);
  if (action == "kill") ::kill(::getpid(), SIGKILL);
  if (action == "exit") ::_exit(0);
  if (action == "lag")
    while (true) ::pause();
  if (action == "throw") throw Error(fmt::format("step {}: an error that GENESIS_FAULT asked for", own_step));
}

}  // namespace genesis::trainer
