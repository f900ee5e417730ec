using Strata.Core;

namespace Strata.Resources.Hosts;

/// <summary>The errors of claims. None of them says who has a host.</summary>
public static class HostErrors
{
    public const string TakenCode = "HOST_TAKEN";

    public static Error Taken(string host) => new(
        ErrorKind.Conflict, TakenCode, $"The host \"{host}\" belongs to another project of this cloud.",
        "Use another host, or delete what uses this one first.");

    public static Error Reserved(string host) => new(
        ErrorKind.Conflict,
        TakenCode,
        $"The host \"{host}\" is not yours: a host under \"{DefaultHosts.Domain}\" belongs to the organization and the deployment that it names.",
        "Use a domain of your own, or a host under the default address of your deployment's organization.");
}
