# gtest_discover_tests for a program of the house: found when ctest starts, two threads that do not spin while they wait.
#   genesis_discover_tests(PROGRAM PREFIX [PROPERTY VALUE...])
# A list cannot be said twice here: in PRE_TEST mode CMake 3.25 unpacks "A=1;B=2" and sets A alone, so the second variable goes
# through a property of its own. tests/core/test_environment_test.cpp looks for both.
# A test's name is the suite's own: values are not printed into it (bytes of a struct hold addresses, another name in every run).
include(GoogleTest)
function(genesis_discover_tests program prefix)
  gtest_discover_tests(${program} TEST_PREFIX "${prefix}." DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
    PROPERTIES ENVIRONMENT "OMP_NUM_THREADS=2" ENVIRONMENT_MODIFICATION "OMP_WAIT_POLICY=set:passive" ${ARGN})
endfunction()
