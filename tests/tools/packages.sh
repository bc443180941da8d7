# Debian 12 packages by name; sourced by ./demo and ./test. Installs what is missing, with sudo where we are not root.
BUILD_PACKAGES="gcc cmake ninja-build pkg-config libc6-dev libjansson-dev libsqlite3-dev libuv1-dev libyaml-dev libexpat1-dev libssl-dev
  libcurl4-openssl-dev libmicrohttpd-dev libgpiod-dev libseccomp-dev libsystemd-dev libpaho-mqtt-dev
  g++ libopencv-core-dev libopencv-dnn-dev libavcodec-dev libavutil-dev libswscale-dev libavformat-dev libavdevice-dev"
DEMO_PACKAGES="mosquitto mosquitto-clients python3 python3-paho-mqtt procps"
TEST_PACKAGES="clang libclang-rt-14-dev clang-format-14 libcmocka-dev sqlite3 systemd python3-jsonschema python3-yaml git udev tshark libxml2-utils
  python3-torch python3-opencv python3-numpy ffmpeg"
command -v npm >/dev/null || TEST_PACKAGES="$TEST_PACKAGES npm"

need_packages() {
  local missing=""
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
  done
  [ -z "$missing" ] && return 0
  local as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo"
  echo "installing:$missing"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # A broker of the system's own is not wanted: the demonstration starts its own, on loopback.
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
