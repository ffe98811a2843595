/** The interfaces of a machine, as `os.networkInterfaces()` tells of them. */
export const INTERFACES = {
  lo: [
    { address: '127.0.0.1', internal: true },
    { address: '::1', internal: true },
  ],
  eth0: [
    { address: '10.0.0.5', internal: false },
    { address: '2001:db8:0::5', internal: false },
    { address: 'fe80::1', internal: false },
  ],
  eth1: [{ address: '10.1.0.5', internal: false }],
  down: [],
};
