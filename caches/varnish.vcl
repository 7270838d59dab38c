# Varnish (6.0 or later) before a SyncStreamer. Its listener without TLS is what Varnish can speak to:
#
#     syncstreamer serve --plain-listen 0.0.0.0:8082
#     varnishd -f caches/varnish.vcl -a :6081
#
# Viewers follow through it. Devices post to the server itself, with TLS.
vcl 4.1;

backend default {
    .host = "syncstreamer";
    .port = "8082";
    # A wait for the next frame, which is at most 60 s long, is silent until its end.
    .first_byte_timeout = 70s;
}

sub vcl_recv {
    # What a client knows of itself changes no answer.
    unset req.http.Cookie;
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405));
    }
    # Event streams have no end, and are each client's own.
    if (req.http.Accept ~ "text/event-stream" || req.url ~ "^/channel/") {
        return (pipe);
    }
    # A name that a cache can't know is no reason to ask the server again.
    if (req.url ~ "^/[0-9]") {
        set req.url = regsub(req.url, "\?.*$", "");
    }
    return (hash);
}

sub vcl_pipe {
    set bereq.http.Connection = "close";
}

sub vcl_backend_response {
    # "Nothing yet" is an answer for all who wait now. Without this Varnish would remember for two minutes that
    # it may not keep what this address gives, and let everybody's next wait through.
    if (beresp.status == 204 && bereq.url ~ "^/frame/after/") {
        set beresp.ttl = 1s;
        set beresp.grace = 0s;
        return (deliver);
    }
    # The same for what may not be kept: it is not kept, and not remembered as such.
    if (beresp.http.Cache-Control ~ "no-store") {
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        set beresp.uncacheable = (bereq.url !~ "^/frame/after/" && bereq.url !~ "^/[0-9]");
        return (deliver);
    }
}
