using System.Text.Json.Serialization;
using Strata.Runtimes;
using Strata.Runtimes.Network;

namespace Strata.Runtimes;

/// <summary>Files of a node in its own folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NetworkFile))]
[JsonSerializable(typeof(RunFile))]
[JsonSerializable(typeof(ShimStart))]
internal sealed partial class NodeFilesJson : JsonSerializerContext;
