using Strata.Contracts;

namespace Strata.Server.Status;

/// <summary>A node or an application as far as warnings need it.</summary>
internal readonly record struct Workload(string Name, string State);

/// <summary>
/// What is wrong with nodes and applications although every part of the server works. From memory: it costs the database nothing.
/// </summary>
internal static class WorkloadWarnings
{
    private const int NamedMax = 5;

    /// <param name="starting">The node of a server that has only just started, whose first heartbeat is still to come; null: none.</param>
    public static IEnumerable<StatusWarning> Of(
        IReadOnlyList<Workload> nodes, IReadOnlyList<Workload> applications, IReadOnlyList<string> notIsolated, string? starting)
    {
        if (notIsolated.Count > 0)
            yield return new StatusWarning("isolation", string.Join(" ", notIsolated),
                "Run Strata as root on Linux with runc or crun: strata doctor says what is missing");
        var down = nodes.Where(n => n.State != NodeStates.Up && n.Name != starting).Select(n => n.Name).Order(StringComparer.Ordinal)
            .ToList();
        if (down.Count > 0)
        {
            yield return new StatusWarning(
                "nodes",
                $"{Names(down)} {(down.Count == 1 ? "is" : "are")} DOWN: no heartbeat of the agent{(down.Count == nodes.Count ? ", so nothing can be started" : "")}",
                $"Start the server on that machine again, or forget the node: strata delete node/{down[0]}");
        }
        var present = applications.Where(d => d.State != DeploymentStates.Removing).ToList();
        var failed = present.Where(d => d.State == DeploymentStates.Failed).Select(d => d.Name).Order(StringComparer.Ordinal).ToList();
        if (failed.Count > 0)
        {
            var what = failed.Count == present.Count ? "all applications fail" : $"{failed.Count} of {present.Count} applications fail";
            yield return new StatusWarning("applications", $"{what}: {Names(failed)}", "strata get deployments shows why of each");
        }
    }

    /// <param name="certificates">All there are; an issuer is as much a cause as a host.</param>
    public static IEnumerable<StatusWarning> OfCertificates(IReadOnlyList<Workload> certificates, IReadOnlyList<Workload> issuers)
    {
        var refused = issuers.Where(i => i.State == IssuerStates.Failed).Select(i => i.Name).Order(StringComparer.Ordinal).ToList();
        if (refused.Count > 0)
            yield return new StatusWarning("issuers", $"not ready: {Names(refused)}", "strata issuers shows why of each");
        var failed = certificates.Where(c => c.State == CertificateStates.Failed).Select(c => c.Name).Order(StringComparer.Ordinal)
            .ToList();
        if (failed.Count > 0)
            yield return new StatusWarning(
                "certificates", $"{failed.Count} of {certificates.Count} could not be issued or have expired: {Names(failed)}",
                "strata certs shows why of each");
    }

    private static string Names(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(NamedMax)) + (names.Count > NamedMax ? $" and {names.Count - NamedMax} more" : "");
}
