using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Nodes.Agent.Health;
using Strata.Nodes.Agent.Hooks;
using Strata.Nodes.Runtime;

namespace Strata.Nodes.Agent;

/// <summary>What the loops of all instances share.</summary>
internal sealed record AgentParts(
    IRuntime Runtime, DiskReserve Disk, InstanceHooks Hooks, InstanceReport Report, HealthProbe Health, TimeProvider Time, ILogger Logger);
