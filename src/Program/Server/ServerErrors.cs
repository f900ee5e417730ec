using Strata.Core;
using Strata.Server.Hosting;

namespace Strata.Server;

/// <summary>What can keep a cloud from starting, each with its fix.</summary>
public static class ServerErrors
{
    public static Error HomeInUse(string home, RunningCloud? by) => new(
        ErrorKind.Conflict, "DATA_FOLDER_IN_USE",
        by is null ? $"Another strata is using the data folder {home}."
            : $"A cloud already runs in {home} (process {by.Pid}, API at {by.ApiUrl}).",
        "Use it (strata status), stop it (strata down), or start a second one with STRATA_HOME, --api-port, --http-port, --https-port and --metrics-listen of its own.");

    public static Error HomeNotWritable(string home, string reason) => new(
        ErrorKind.Unavailable, "DATA_FOLDER_NOT_WRITABLE", $"The data folder {home} cannot be written: {reason}",
        "Give this user the right to write there, or set STRATA_HOME to another folder.");

    public static Error HomeOfAnother(string home, uint owner) => new(
        ErrorKind.Forbidden, "DATA_FOLDER_NOT_PRIVATE",
        $"The data folder {home} belongs to another user (number {owner}), who could change what is in it.",
        $"Give it to this user (chown \"$(id -u)\" {home}), run strata as its owner, or set STRATA_HOME to another folder.");

    public static Error HomeOpen(string home) => new(
        ErrorKind.Forbidden, "DATA_FOLDER_NOT_PRIVATE",
        $"The data folder {home} is open to other users, and holds something that is not Strata's or that they could have changed.",
        $"Set STRATA_HOME to an empty folder, or look through this one and close it: chmod 700 {home}");

    public static Error HomeHoldsForeign(string folder) => new(
        ErrorKind.Forbidden, "DATA_FOLDER_NOT_PRIVATE", $"{folder} in the data folder is a link or belongs to another user.",
        "Find out who made it, then remove it, or move the data there back into the folder.");

    public static Error EdgeStillRuns(int pid) => new(
        ErrorKind.Timeout, "EDGE_STILL_RUNS", $"The edge (process {pid}) did not end, though it was killed.",
        $"Look at what it waits for with ps -o stat,wchan -p {pid}, then try again; until it ends its port is in use.");

    /// <param name="by">Who has it; null where that cannot be seen.</param>
    /// <param name="flag">The flag that sets it.</param>
    /// <param name="proposal">The command of a start with a port that is free; null: none was found.</param>
    public static Error PortInUse(string what, int port, string? by, string flag, string? proposal) => new(
        ErrorKind.Conflict, "PORT_IN_USE", $"Port {port}, which the {what} needs, is in use{(by is null ? "" : $" by {by}")}.",
        $"Stop what uses it{(by is null ? $" (ss -ltnp 'sport = :{port}' as root shows it)" : "")}, or choose another{Free(flag, proposal)}");

    public static Error PortRefused(string what, int port, string reason, string flag, string? proposal) => new(
        ErrorKind.Conflict, "PORT_IN_USE", $"Port {port}, which the {what} needs, cannot be listened on: {reason}.",
        $"Choose another{Free(flag, proposal)}");

    public static Error PortForbidden(string what, int port, string flag, string? proposal) => new(
        ErrorKind.Forbidden, "PORT_FORBIDDEN", $"This user may not listen on port {port}, which the {what} needs.",
        $"Choose one above 1023{Free(flag, proposal)}");

    private static string Free(string flag, string? proposal) => proposal is null
        ? $" with {flag}." : $", such as this one, which is free: {proposal}";

    public static Error AddressUnknown(string address, string flag = "--listen") => new(
        ErrorKind.Invalid, "ADDRESS_NOT_HERE", $"This machine does not have the address {address}.",
        $"Use one of its own (ip addr), 127.0.0.1, or 0.0.0.0 for all: {flag}");
}
