print("syncstreamer")
