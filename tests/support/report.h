/// A line for each test that a process runs, for whoever sums over processes (./run test, ./run gpu-check): written to the
/// file that CUDENZA_TEST_REPORT names, if it names one, and flushed at once, so that a crash leaves what came before.
///
///   process <tab> the program's name, first; then for each test
///   started <tab> Suite.Test           and then one of
///   passed  <tab> Suite.Test           failed <tab> Suite.Test           skipped <tab> Suite.Test <tab> reason
///
/// A test that started and has no second line took the process down with it.
#pragma once
#include <string_view>

namespace cudenza::testing {

/// Adds the lines of all tests from now on. main() calls it after InitGoogleTest.
void report_tests();
/// Adds a line of another kind.
void report_line(std::string_view kind, std::string_view name, std::string_view detail = {});

}  // namespace cudenza::testing
