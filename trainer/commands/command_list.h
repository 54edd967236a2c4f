// Every command of the program, in the order `genesis --help` shows them. A new command is its own file
// trainer/commands/<name>.cpp defining add_<name>, and one line here. (Included where GENESIS_COMMAND is
// defined.)
GENESIS_COMMAND(train)
GENESIS_COMMAND(verify)
GENESIS_COMMAND(config)
GENESIS_COMMAND(doctor)
GENESIS_COMMAND(samples)
GENESIS_COMMAND(tokenizer)
