using System.Text.Json.Serialization;
using Strata.Nodes.Kinds;
using Strata.Nodes.Runtime;
using Strata.Nodes.Runtime.Network;

namespace Strata.Nodes;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeSpec))]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(InstanceSpec))]
[JsonSerializable(typeof(InstanceStatus))]
public sealed partial class NodesJson : JsonSerializerContext;

/// <summary>Files of a node in its own folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NetworkFile))]
[JsonSerializable(typeof(RunFile))]
internal sealed partial class NodeFilesJson : JsonSerializerContext;
