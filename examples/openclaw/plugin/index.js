// OpenClaw wants an entry; all that this plugin offers stands in openclaw.plugin.json.
export default { id: "authy", name: "authy", register() {} };
