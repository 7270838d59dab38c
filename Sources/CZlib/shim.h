// Used only by the target Compression.
#ifndef SYNCSTREAMER_CZLIB_H
#define SYNCSTREAMER_CZLIB_H

#include <zlib.h>

#endif
