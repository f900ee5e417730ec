using Strata.Core;

namespace Strata.Nodes.Api;

/// <summary>The catalogue of this module's errors towards users and agents.</summary>
internal static class NodeErrors
{
    public static readonly Error NotText = new(
        ErrorKind.Invalid, "INVALID_LINES", "The body is not text in UTF-8 of whole lines.", "Send lines, each with its line end.");

    public static readonly Error NotYourNode = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Only the node's own agent can send heartbeats, and your token is not bound to this node.",
        "Use the token in run/agent.token of that machine.");

    public static readonly Error NotAnAgent = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Only the agent of the node that runs an instance handles its token.",
        "Create a token of your own with \"strata token create\".");

    public static readonly Error HeldElsewhere = new(
        ErrorKind.Conflict, "NODE_IN_USE", "Another agent is running under this node's name.", "Give each machine's agent its own name.");

    public static Error NotRunning(string instance) =>
        new(ErrorKind.Conflict, "INSTANCE_OVER", $"The instance {instance} has ended: it gets no token.");
}
