// Used only by the target HTTP2.
#ifndef SYNCSTREAMER_CNGHTTP2_H
#define SYNCSTREAMER_CNGHTTP2_H

#include <nghttp2/nghttp2.h>

#endif
