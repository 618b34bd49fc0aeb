"use strict";

// Emulates an arm64 machine with Debian on x64, from the archive that this Debian uses. It runs a real kernel:
// user-mode emulation (qemu-user) reports success for `madvise` and `mremap` without performing them.
// Needs Debian's qemu-system-arm, cpio, xz-utils and e2fsprogs.

const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const SUITE = "trixie";
const KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
const KERNEL = "linux-image-cloud-arm64";
const PACKAGES = [
  KERNEL,
  "bash",
  "busybox-static",
  "coreutils",
  "libstdc++6",
  "mount",
  "util-linux",
];
// Modules of Debian's kernel that find the disks, in the order of their dependencies.
const MODULES = ["_ring", "", "_pci_legacy_dev", "_pci_modern_dev", "_pci", "_blk"];
const GIB = 2 ** 30;
const MEMORY = "6G";

function run(command, args, options) {
  return execFileSync(command, args, { stdio: "inherit", ...options });
}

/** Returns the address of the archive that this Debian uses. */
function findArchive() {
  const args = ["indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Created-By: Packages"];
  const lines = execFileSync("apt-get", args, { encoding: "utf8" }).split("\n");
  const [uri] = lines.map((line) => line.split(" ")).find(([, suite]) => !suite.includes("-"));
  return uri;
}

/** Downloads packages with their dependencies, and returns the files. */
function download(folder, packages) {
  const lists = path.join(folder, "lists");
  const cache = path.join(folder, "cache");
  const archives = path.join(cache, "archives");
  fs.rmSync(archives, { recursive: true, force: true }); // of earlier downloads, with other versions
  fs.mkdirSync(path.join(lists, "partial"), { recursive: true });
  fs.mkdirSync(path.join(archives, "partial"), { recursive: true });
  const status = path.join(folder, "status"); // of a machine without packages
  fs.writeFileSync(status, "");
  const sources = path.join(folder, "sources.list");
  fs.writeFileSync(sources, `deb [signed-by=${KEYS}] ${findArchive()} ${SUITE} main\n`);
  const options = [
    "APT::Architecture=arm64",
    "APT::Architectures::=arm64",
    "APT::Install-Recommends=false",
    `Dir::Etc::sourcelist=${sources}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State=${folder}`,
    `Dir::State::lists=${lists}`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${cache}`,
  ].flatMap((option) => ["--option", option]);
  run("apt-get", [...options, "--quiet", "update"]);
  run("apt-get", [...options, "--quiet", "--yes", "--download-only", "install", ...packages]);
  return fs
    .readdirSync(archives)
    .filter((file) => file.endsWith(".deb"))
    .map((file) => path.join(archives, file));
}

/** Unpacks a package into a folder. Keeps links of folders, since Debian's /bin is in /usr. */
function unpack(file, folder) {
  const tar = execFileSync("dpkg-deb", ["--fsys-tarfile", file], { maxBuffer: GIB });
  const options = ["--extract", "--keep-directory-symlink", "--no-same-owner"];
  run("tar", [...options, "--directory", folder], {
    input: tar,
    stdio: ["pipe", "inherit", "inherit"],
  });
}

function makeExecutable(file, text) {
  fs.writeFileSync(file, text, { mode: 0o755 });
}

function findWithin(folder, pattern) {
  const found = fs
    .readdirSync(folder, { recursive: true })
    .find((file) => pattern.test(`/${file}`));
  return found && path.join(folder, found);
}

/** Makes the initial RAM disk, whose program loads the modules for the disk and continues there. */
function makeStart(folder, root) {
  const start = path.join(folder, "start");
  for (const name of ["bin", "dev", "disk", "sys"])
    fs.mkdirSync(path.join(start, name), { recursive: true });
  fs.copyFileSync(findWithin(root, /\/bin\/busybox$/), path.join(start, "bin", "busybox"));
  const modules = path.join(root, "usr", "lib", "modules");
  const loaded = [];
  for (const part of MODULES) {
    const name = `virtio${part}.ko`;
    const file = findWithin(modules, new RegExp(`/${name}(\\.xz)?$`));
    if (file === undefined) continue; // in the kernel itself
    const isPacked = file.endsWith(".xz");
    const module = isPacked ? execFileSync("xz", ["-dc", file]) : fs.readFileSync(file);
    fs.writeFileSync(path.join(start, name), module);
    loaded.push(name);
  }
  makeExecutable(
    path.join(start, "init"),
    `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
${loaded.map((name) => `/bin/busybox insmod /${name}`).join("\n")}
/bin/busybox mount -t ext4 /dev/vda /disk
exec /bin/busybox switch_root /disk /init
`,
  );
  const archive = path.join(folder, "start.cpio");
  run("sh", ["-c", `find . | cpio --quiet -o -H newc > "$0"`, archive], { cwd: start });
  return archive;
}

/** The first program of the machine: it mounts what programs expect, runs /run, prints its status and stops. */
const INIT = `#!/bin/bash
export PATH=/usr/bin:/usr/sbin HOME=/root TMPDIR=/tmp
for system in proc sysfs:sys devtmpfs:dev tmpfs:dev/shm devpts:dev/pts; do
  mkdir -p "/\${system#*:}"
  mount -t "\${system%:*}" none "/\${system#*:}"
done
ln -sf /proc/self/fd /dev/fd
ln -sf bash /usr/bin/sh
busybox ip link set lo up
/run
echo "ended with $?"
sync
busybox poweroff -f
`;

/**
 * Makes a machine in `folder`. Calls `fill` with the folder that becomes its disk, in which `fill` creates the
 * program /run.
 */
function makeMachine(folder, packages, fill) {
  const root = path.join(folder, "root");
  fs.rmSync(root, { recursive: true, force: true });
  for (const name of ["bin", "lib", "sbin"]) {
    fs.mkdirSync(path.join(root, "usr", name), { recursive: true });
    fs.symlinkSync(`usr/${name}`, path.join(root, name));
  }
  for (const file of download(folder, [...PACKAGES, ...packages])) unpack(file, root);
  makeExecutable(path.join(root, "init"), INIT);
  const kernel = path.join(folder, "kernel");
  fs.copyFileSync(findWithin(path.join(root, "boot"), /\/vmlinuz-/), kernel);
  const start = makeStart(folder, root);
  fs.rmdirSync(path.join(root, "run"));
  fill(root);
  const disk = path.join(folder, "disk");
  fs.rmSync(disk, { force: true });
  run("mke2fs", ["-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", root, disk, "8G"]);
  return { kernel, start, disk };
}

/** Starts the machine, and prints its output until it ends. Changes of the disk are lost. */
async function startMachine({ kernel, start, disk }) {
  const options = [
    ...["-machine", "virt", "-cpu", "max,pauth-impdef=on", "-smp", "2", "-m", MEMORY],
    ...["-accel", "tcg,thread=multi", "-nographic", "-no-reboot"],
    ...["-kernel", kernel, "-initrd", start, "-append", "console=ttyAMA0 quiet panic=-1"],
    ...["-drive", `file=${disk},if=virtio,format=raw,cache=unsafe,snapshot=on`],
  ];
  const machine = spawn("qemu-system-aarch64", options, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const part of machine.stdout.setEncoding("utf8")) {
    process.stdout.write(part);
    text += part;
  }
  if (!/^ended with 0\s*$/m.test(text))
    throw new Error("the program of the machine did not end with 0");
}

module.exports = { makeMachine, startMachine, makeExecutable };
