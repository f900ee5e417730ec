using Strata.Contracts;
using Strata.Resources.Kinds;

namespace Strata.Resources.Servers;

/// <summary>The kind of the cloud's servers.</summary>
public static class ServerKind
{
    public static readonly Kind<ServerSpec, ServerPresence> Kind = new()
    {
        Name = "server",
        Plural = Plurals.Servers,
        IdPrefix = "srv",
        Scope = KindScope.Platform,
        Description = "A control-plane process of this cloud; it registers itself and is deleted a day after its end.",
        Workflow = KindWorkflow.Load(typeof(ServerKind), "server.workflow.json"),
        InitialStatus = new ServerPresence(),
        UserCreates = false,
        UserChangesSpec = false,
    };
}
