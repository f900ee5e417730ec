// A resource whose kind is known only at run time.
global using AnyResource = Strata.Core.Resource<System.Text.Json.JsonElement, System.Text.Json.JsonElement>;
