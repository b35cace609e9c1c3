/// The emulated device (gpu_simt.cpp) as a place that work passes through without being done.
#pragma once

namespace cudenza::testing {

/// From now on device memory costs nothing until somebody writes to it: it is zero, and neither spoilt nor shut to the host; and
/// libraries compute nothing, but tell what they were asked (simt::Tracer::library). With simt::run_at_most() a network's step
/// runs at its real size in seconds, to be counted.
void make_device_dry();
bool device_is_dry();

}  // namespace cudenza::testing
