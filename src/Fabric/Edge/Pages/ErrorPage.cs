using System.Globalization;
using Strata.Edge.Routing;

namespace Strata.Edge.Pages;

/// <summary>What an error page says: the error, and what is known of the deployment behind the route.</summary>
internal sealed record ErrorPage(EdgeFault Fault, RouteRecord? Route, string RequestId)
{
    /// <summary>Names the deployment where there is one.</summary>
    public string Detail => Route is null
        ? Fault.Detail
        : ApiRoute.Is(Route) ? Fault.Detail.Replace("The deployment's instance", "The cloud's API", StringComparison.Ordinal)
        : Fault.Detail.Replace("The deployment", $"The deployment \"{Route.DeploymentName}\"", StringComparison.Ordinal);

    /// <summary>The deployment's own sentence on why nothing serves.</summary>
    public string? Message => Fault == EdgeFault.NoInstance ? Route?.Message : null;

    public string? Command => Fault.Command is { } command
        && (Route is null ? !command.Contains("{0}", StringComparison.Ordinal) : !ApiRoute.Is(Route))
        ? string.Format(CultureInfo.InvariantCulture, command, Route?.DeploymentName)
        : null;

    public string? Next => Fault.Next ?? (Command is null ? null : "If it is yours, see what it says:");
}
