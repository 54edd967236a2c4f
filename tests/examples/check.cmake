# Installs a build, compiles the example against what was installed and reads what it prints.
#   cmake -DGENESIS_BUILD=<build tree> -DSOURCE=<this folder> -DWORK=<scratch folder> -DCXX=<compiler> -DTYPE=<build type>
#         -DGENERATOR=<generator> -DLINK=<linker flags> -P check.cmake
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\nended with ${code}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${GENESIS_BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/prefix
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=${TYPE} -DCMAKE_EXE_LINKER_FLAGS=${LINK}
  "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/qwen_example ${WORK}/models)
message("${output}")

# The program itself fails unless its loss falls below 0.5 and checkpointing leaves the gradients alone.
foreach(line
    "Output shape: \\[1, 5, 1000\\]"
    "Loss of the first epoch: [1-9]"
    "Loss of the last epoch: 0\\.[0-4]"
    "Logits under autocast: bf16"
    "Scaled step taken: yes"
    "Gradients with checkpointing: bit-identical"
    "Generated: Today's weather is fine: the sun is out and the wind is gone\\.<.endoftext.>"
    "Loaded: 2 layers, [0-9]+ tokens"
    "Answer: Every head looks at the text in its own way\\.")
  if(NOT output MATCHES "${line}")
    message(SEND_ERROR "the output lacks: ${line}")
  endif()
endforeach()
