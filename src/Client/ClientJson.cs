using System.Text.Json;
using System.Text.Json.Serialization;

namespace Strata.Client;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ClientJson : JsonSerializerContext;
