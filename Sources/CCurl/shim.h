// Used only by the target HTTPClient.
#ifndef SYNCSTREAMER_CCURL_H
#define SYNCSTREAMER_CCURL_H

#include <curl/curl.h>

#endif
