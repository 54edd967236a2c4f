#pragma once
#include <functional>
#include <ostream>
#include <string>

#include "trainer/chat/chat_session.h"
#include "trainer/chat/line_reader.h"

namespace genesis::trainer {

/// What a chat loop talks to.
struct ChatIo {
  std::function<LineReader::Result(std::string& line)> read;
  std::ostream& out;
  std::function<bool()> take_interrupt;  ///< whether Ctrl-C came since it was last asked
  bool is_terminal = false;              ///< shows "> ", and an error does not end the loop
  bool writes_files = true;              ///< false: another rank does what /save asks for
};

/// Reads questions line by line and writes the answers as they are made, until the input ends or /exit.
///   /reset            forget what was said
///   /system [TEXT]    begin anew with this system text (without TEXT: the template's own)
///   /save FILE        add the conversation to FILE as one line that `genesis train` can read
///   /help, /exit
/// Ctrl-C ends the answer being made, and the loop goes on. `//` at the beginning of a question stands for
/// `/`. Errors: without a terminal those of ChatSession::ask and of /save; with one they are shown.
void run_chat(ChatSession& session, const ChatIo& io);

}  // namespace genesis::trainer
